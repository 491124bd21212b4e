"""Runtime: who does what when. The pure machines, the inline executor, and the Ray job around the same core."""
