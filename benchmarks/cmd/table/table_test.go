package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const raw = `goos: linux
cpu: Some Processor
BenchmarkOne/ours-2    1000    10.0 ns/op    8 B/op    1 allocs/op
BenchmarkOne/theirs-2  1000    20.0 ns/op    0 B/op    0 allocs/op
PASS
cpu: Some Processor
BenchmarkOne/ours-2    1000    90.0 ns/op    8 B/op    1 allocs/op
BenchmarkOne/theirs-2  1000    100.0 ns/op   0 B/op    0 allocs/op
BenchmarkOne/ours-2    1000    12.0 ns/op    8 B/op    1 allocs/op
BenchmarkOne/theirs-2  1000    20.0 ns/op    0 B/op    0 allocs/op
`

func TestRatiosArePairedByPass(t *testing.T) {
	r := newResults()
	if err := r.add(raw); err != nil {
		t.Fatal(err)
	}
	tables, err := render(r, []figure{
		{what: "low", subject: "One/ours", baseline: "One/theirs", unit: "ns/op", atMost: 0.6},
		{what: "high", subject: "One/ours", baseline: "One/theirs", unit: "ns/op", atMost: 0.59},
		{what: "fast", subject: "One/ours", baseline: "One/theirs", unit: "ns/op", atLeast: 1.6},
		{what: "slow", subject: "One/ours", baseline: "One/theirs", unit: "ns/op", atLeast: 1.7},
		{what: "told", subject: "One/ours", baseline: "One/theirs", unit: "ns/op"},
		{what: "absent", subject: "Two/ours", baseline: "Two/theirs", unit: "ns/op", atMost: 1},
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(tables, "absent") {
		t.Errorf("a figure that was not measured is in:\n%s", tables)
	}
	for _, want := range []string{
		"(Some Processor)",
		"| low |  | ≤ 0.60 | 0.60 | 0.55–0.75 | 3 | yes |",
		"| high |  | ≤ 0.59 | 0.60 | 0.55–0.75 | 3 | **no** |",
		"| fast |  | ≥ 1.60 times as fast | 1.67 | 1.39–1.83 | 3 | yes |",
		"| slow |  | ≥ 1.70 times as fast | 1.67 | 1.39–1.83 | 3 | **no** |",
		"| told |  |  | 0.60 | 0.55–0.75 | 3 |  |",
		"| One/ours | 10 | 12 |  | 8 | 1 |",
		"| One/theirs | 20 | 20 |  | 0 | 0 |",
	} {
		if !strings.Contains(tables, want+"\n") && !strings.Contains(tables, want+".\n") {
			t.Errorf("no line %s in:\n%s", want, tables)
		}
	}
}

func TestMissingFigureIsAnError(t *testing.T) {
	r := newResults()
	if err := r.add(raw + "BenchmarkOne/ours-2 1 1 ns/op\n"); err != nil {
		t.Fatal(err)
	}
	for _, f := range []figure{
		{subject: "Two/ours", baseline: "One/theirs", unit: "ns/op"},
		{subject: "One/theirs", baseline: "One/theirs", unit: "s"},
		{subject: "One/ours", baseline: "One/theirs", unit: "ns/op"}, // four passes and three
	} {
		if _, err := render(r, []figure{f}, true); err == nil {
			t.Errorf("no error for %+v", f)
		}
	}
}

func TestBrokenRawOutput(t *testing.T) {
	if err := newResults().add("BenchmarkOne 100 fast ns/op\n"); err == nil {
		t.Error("no error for a value that is no number")
	}
	if _, err := readFolder(t.TempDir()); err == nil {
		t.Error("no error for a folder without raw output")
	}
}

func TestReplaceTables(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n" + beginMarker + "old\n" + endMarker + "after\n")
	if err := replaceTables(page, "new\n"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if want := "before\n" + beginMarker + "\nnew\n\n" + endMarker + "after\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	write("before\n" + endMarker + beginMarker)
	if err := replaceTables(page, "new\n"); err == nil {
		t.Error("no error for a page without markers in order")
	}
}
