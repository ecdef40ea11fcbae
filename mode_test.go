package saferunner

import (
	"os"
	"slices"
	"testing"
)

func TestParseEnvironment(t *testing.T) {
	tests := map[string]struct {
		inTest   bool
		set      map[string]string
		mode     mode
		forceAll bool
		forced   []string
	}{
		"nothing set":             {mode: modeLive},
		"live":                    {set: map[string]string{modeVariable: "live"}, mode: modeLive},
		"record":                  {set: map[string]string{modeVariable: "record"}, mode: modeRecord},
		"empty":                   {set: map[string]string{modeVariable: ""}, mode: modeUnknown},
		"misspelt":                {set: map[string]string{modeVariable: "Record"}, mode: modeUnknown},
		"test ignores live":       {inTest: true, set: map[string]string{modeVariable: "live"}, mode: modeRecord},
		"test ignores the rest":   {inTest: true, set: map[string]string{modeVariable: "x"}, mode: modeRecord},
		"test without a variable": {inTest: true, mode: modeRecord},
		"force all":               {inTest: true, set: map[string]string{forceVariable: "__all__"}, mode: modeRecord, forceAll: true},
		"force a list":            {set: map[string]string{forceVariable: "hello, sms.send,,"}, mode: modeLive, forced: []string{"hello", "sms.send"}},
		"force nothing":           {set: map[string]string{forceVariable: " "}, mode: modeLive},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := parseEnvironment(tt.inTest, func(key string) (string, bool) {
				v, ok := tt.set[key]
				return v, ok
			})
			if e.mode != tt.mode || e.forceAll != tt.forceAll || !slices.Equal(e.forced, tt.forced) {
				t.Errorf("got mode %d, all %v, forced %q", e.mode, e.forceAll, e.forced)
			}
			if e.forceAll && !e.forcesTask("any.task") {
				t.Error("__all__ does not force any.task")
			}
			if e.forcesTask("never.named") && !e.forceAll {
				t.Error("a task is forced that was not named")
			}
		})
	}
}

func TestMarkerIsSetForChildren(t *testing.T) {
	if os.Getenv(modeVariable) != "record" {
		t.Errorf("%s is %q in a test binary", modeVariable, os.Getenv(modeVariable))
	}
	if !TestMode() {
		t.Error("TestMode is false in a test binary")
	}
}
