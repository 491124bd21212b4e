"""Runtime: who does what when. The pure machines, the crews that work, and the job that they work for."""
