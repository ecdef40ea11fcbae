package gate

import (
	"os"
	"slices"
	"testing"
)

func TestParseMode(t *testing.T) {
	for text, want := range map[string]Mode{"live": Live, "record": Record, "": Unknown, "Record": Unknown, "RECORD ": Unknown} {
		if m, _ := parseMode(text, true); m != want {
			t.Errorf("%q: mode %d, want %d", text, m, want)
		}
	}
	if m, _ := parseMode("", false); m != Live {
		t.Errorf("not set: mode %d", m)
	}
}

func TestParseForced(t *testing.T) {
	for text, want := range map[string]forced{
		"__all__":           {all: true},
		"hello, sms.send,,": {names: []string{"hello", "sms.send"}},
		" ":                 {},
		"sms.send,__all__":  {all: true, names: []string{"sms.send"}},
	} {
		if f := parseForced(text); f.all != want.all || !slices.Equal(f.names, want.names) {
			t.Errorf("%q: %+v, want %+v", text, f, want)
		}
	}
}

func TestForceAtStartIsNoWayAroundATest(t *testing.T) {
	before := os.Getenv(ForceVariable)
	if err := ForceAtStart("sms.send"); err == nil {
		t.Error("a test binary has let a task through")
	}
	if names, all := Forced(); slices.Contains(names, "sms.send") || all || os.Getenv(ForceVariable) != before {
		t.Errorf("forced %v, %v; %s is %q", names, all, ForceVariable, os.Getenv(ForceVariable))
	}
}

func TestMarkerIsSetForChildren(t *testing.T) {
	if os.Getenv(ModeVariable) != "record" {
		t.Errorf("%s is %q in a test binary", ModeVariable, os.Getenv(ModeVariable))
	}
	if mode, _ := Current(); mode != Record {
		t.Error("a test binary is not in record mode")
	}
}

func TestZeroPassPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the zero Pass lets a call through")
		}
	}()
	Pass{}.Check()
}
