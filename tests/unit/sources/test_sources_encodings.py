"""Encodings are guessed from what is plain to see: Western, unless the evidence is strong."""

from __future__ import annotations

import pytest

from ray_lineage.sources.decode import decode
from ray_lineage.sources.encodings import guess

WESTERN = {
    "es": "SELECT año, señor FROM ventas -- información de la región",
    "fr": "SELECT [Prix €], quantité FROM commandes -- déjà été",
    "de": "SELECT straße, größe, Übergröße FROM müller",
    "pt": "SELECT situação FROM vendas",
    "one": "SELECT año FROM t",
    "uk": "SELECT £ FROM t",
    "dash": "-- it’s “quoted” – text\nSELECT 1",
    "da": "SELECT køb, ændring, år FROM størrelse WHERE øre > 1",
    "is": "SELECT þjóð, ýsa, maður, það, við, fýlupúki, þýða FROM þýðing",
    "unit": "SELECT m³, m², 5°C, ½, ¿qué?, 1ª FROM t",
    "it": "SELECT città, più, perché, così, là FROM però",
    "ee": "SELECT õpilane, õppeaine, külm, võõr FROM püük -- žürii",
    "caps": "SELECT AÑO, SITUAÇÃO, GRÖSSE",
    "fi": "SELECT määrä, käyttäjä, sääntö, lähetetään FROM päivä",
    "box": "-- ÄÄÄÄÄÄÄÄÄÄÄÄ\nSELECT 1",
    "nl": "-- reünie, coördinatie, één, vóór\nselect 1",
    "prix": "SELECT [Prix €] FROM t",
    "quantity": "SELECT quantité FROM t -- 50 µg ± 1 · § 3",
}
OTHERS = {
    "russian": ("SELECT имя, фамилия FROM клиенты -- комментарий о таблице", "cp1251"),
    "russian_koi8": ("SELECT имя, фамилия FROM клиенты -- комментарий", "koi8-r"),
    "russian_dos": ("SELECT имя FROM клиенты -- комментарий о таблице", "cp866"),
    "russian_capitals": ("SELECT ИМЯ, ФАМИЛИЯ FROM КЛИЕНТЫ -- ТАБЛИЦА", "cp1251"),
    "ukrainian": ("SELECT назва, кількість FROM товари -- кількість товарів на складі", "cp1251"),
    "polish": (
        "SELECT nazwisko, imię, źródło, żółć, łódź FROM książki -- zażółć gęślą jaźń, główny, osób, wyjątek, opłata, miesiąc",
        "cp1250",
    ),
    "czech": (
        "SELECT příjmení, jméno, město FROM zákazníci -- žluťoučký kůň úpěl ďábelské ódy, dodavatelé, příklad, měření, řízení, účtování, počet",
        "cp1250",
    ),
    "hungarian": ("SELECT név, idő, fizetőeszköz, erő, külső, fű, gyűjtő, fűtő, nyelvű FROM ügyfél", "cp1250"),
    "japanese": ("SELECT 名前 FROM 顧客 -- 表の説明です。これは長いコメント", "cp932"),
    "katakana": ("SELECT テスト, データ FROM ユーザ", "cp932"),
    "japanese_euc": ("SELECT 名前 FROM 顧客 -- 表の説明です。これは長いコメント", "euc-jp"),
    "chinese": ("SELECT 姓名 FROM 客户 -- 这是一个注释说明", "gb18030"),
    "taiwanese": ("SELECT 姓名 FROM 客戶 -- 這是一個註釋說明資料表", "big5"),
    "korean": ("SELECT 이름 FROM 고객 -- 설명입니다", "cp949"),
    "greek": ("SELECT όνομα, επώνυμο FROM πελάτες", "cp1253"),
    "turkish": ("SELECT adı, soyadı, şehir, doğum FROM müşteriler -- öğrenci ığdır için açık", "cp1254"),
    "hebrew": ("SELECT שם FROM לקוחות -- הערה על הטבלה", "cp1255"),
    "arabic": ("SELECT الاسم FROM العملاء -- ملاحظة عن الجدول", "cp1256"),
    "spanish_dos": ("SELECT año, descripción, código, número FROM almacén WHERE teléfono = 1", "cp850"),
    "french_mac": ("SELECT quantité, société, numéro, déjà, été, créé FROM référence", "mac-roman"),
    "german_dos": ("SELECT größe, für, länge, höhe, lösung FROM ärger", "cp850"),
}


@pytest.mark.parametrize("text", WESTERN.values(), ids=WESTERN)
def test_western_text_is_cp1252(text: str) -> None:
    found = decode(text.encode("cp1252"))
    assert (found.text, found.encoding) == (text, "utf-8" if text.isascii() else "cp1252")


@pytest.mark.parametrize(("text", "encoding"), OTHERS.values(), ids=OTHERS)
def test_strong_evidence_decides(text: str, encoding: str) -> None:
    found = decode(text.encode(encoding))
    assert found.text == text
    assert found.encoding in found.diagnostics[0].message


@pytest.mark.parametrize(("text", "encoding"), OTHERS.values(), ids=OTHERS)
def test_a_word_alone_is_no_strong_evidence(text: str, encoding: str) -> None:
    """A name in a Western script: one word of three letters."""
    word = next(w for w in text.split() if not w.isascii())[:2].encode(encoding)
    assert guess(b"SELECT a FROM t -- " + word + b"\n") == ("cp1252", False)


def test_large_files_are_judged_by_their_beginning() -> None:
    line = "SELECT имя FROM клиенты -- комментарий\n".encode("cp1251")
    assert guess(line * 10_000) == ("cp1251", True)


def test_bytes_that_cp1252_does_not_have_are_replaced() -> None:
    found = decode(b"SELECT a\x81, caf\xe9 FROM t")
    assert found.text == "SELECT a\ufffd, café FROM t"


def test_a_file_that_says_little_is_read_as_its_folder() -> None:
    word = "SELECT имя FROM t".encode("cp1251")
    assert decode(word).guessed == "cp1252?"
    found = decode(word, "~cp1251")
    assert (found.text, found.guessed) == ("SELECT имя FROM t", "~cp1251")
    assert "cp1251, as its folder" in found.diagnostics[0].message


def test_a_folders_guess_is_only_for_what_is_not_utf8() -> None:
    assert decode("SELECT имя".encode(), "~cp1251") == decode("SELECT имя".encode())
    assert decode(b"SELECT caf\xe9", "~utf-8").text == "SELECT café"
