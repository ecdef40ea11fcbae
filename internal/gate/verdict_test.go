package gate

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write golden files")

// Every combination of what the gate looks at, one a line. A change of the
// file is a change of what can escape.
func TestGateTable(t *testing.T) {
	modes := map[Mode]string{Unknown: "unknown", Live: "live", Record: "record"}
	verdicts := map[Verdict]string{Refused: "refused", Recorded: "recorded", Stubbed: "stubbed", Faulted: "faulted", Executed: "EXECUTED"}
	var b strings.Builder
	b.WriteString("mode     recordOnly noTx recorder stub fault force forceEnv  verdict\n")
	for _, m := range []Mode{Unknown, Live, Record} {
		for bits := range 128 {
			on := func(i int) bool { return bits>>i&1 == 1 }
			c := circumstances{m, on(6), on(5), on(4), on(3), on(2), on(1), on(0)}
			fmt.Fprintf(&b, "%-8s %-10s %-4s %-8s %-4s %-5s %-5s %-8s  %s\n", modes[m],
				mark(c.recordOnly), mark(c.noTx), mark(c.recorder), mark(c.stub), mark(c.fault), mark(c.force), mark(c.forceEnv), verdicts[verdict(c)])
		}
	}
	golden(t, "gate.golden", b.String())
}

func mark(on bool) string {
	if on {
		return "x"
	}
	return "."
}

// The rules of the gate in other words than its own.
func TestGateRules(t *testing.T) {
	for bits := range 3 * 128 {
		on := func(i int) bool { return bits>>i&1 == 1 }
		c := circumstances{Mode(bits / 128), on(6), on(5), on(4), on(3), on(2), on(1), on(0)}
		got := verdict(c)
		escapes := got == Executed
		if escapes && c.mode == Unknown {
			t.Errorf("%+v: executes in an unknown mode", c)
		}
		if escapes && (c.stub || c.fault) {
			t.Errorf("%+v: executes in spite of a stub or fault", c)
		}
		if escapes && (c.recordOnly || c.noTx) {
			t.Errorf("%+v: pierces RecordOnly, or a transaction", c)
		}
		if escapes && c.recorder && !c.force && !c.forceEnv {
			t.Errorf("%+v: escapes a recorder that does not force it", c)
		}
		if escapes && c.mode == Record && !c.force && !c.forceEnv {
			t.Errorf("%+v: executes in record mode unforced", c)
		}
		plain := circumstances{mode: c.mode}
		if c == plain && c.mode == Live && !escapes {
			t.Error("a plain call in live mode does not execute")
		}
	}
}

func TestGateZeroVerdictExecutesNothing(t *testing.T) {
	if verdict(circumstances{}) != Refused || Refused != 0 {
		t.Error("the zero circumstances must be refused")
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (write it with -update):\n%s", path, got)
	}
}
