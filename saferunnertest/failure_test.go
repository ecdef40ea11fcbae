package saferunnertest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

const updateVariable = "SAFERUNNER_UPDATE"

type SMS struct {
	To, Text string
	Parts    []string
	Sender   *Sender
}

type Sender struct {
	Name string
	PIN  string `saferunner:"redact"`
}

var bare = saferunner.Define("bare.variable", func(context.Context, int) error { return nil })

var (
	sendSMS   = saferunner.Define("sms.send", func(context.Context, SMS) error { return nil })
	updateCRM = saferunner.Define("crm.update", func(context.Context, map[string]int) error { return nil })
	quote     = saferunner.DefineResult("price.quote", func(_ context.Context, n int) (int, error) { return n, nil })
)

// Failure texts are what this package is for: each of them is a file to read.
func TestFailureTexts(t *testing.T) {
	hello := SMS{To: "+27821234567", Text: "Thank you!", Sender: &Sender{"shop", "1234"}}
	other := hello
	other.Text, other.Parts, other.Sender = "Thanks!", []string{"a", "b"}, &Sender{"shop", "9999"}
	run := func(rec *saferunnertest.Recorder, runID string, calls ...saferunner.Call) {
		if _, err := saferunner.Run(rec.Context(), runID, calls...); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]func(rec *saferunnertest.Recorder){
		"field": func(rec *saferunnertest.Recorder) {
			run(rec, "order.created", sendSMS.With(other), updateCRM.With(map[string]int{"a": 1}).Async())
			rec.Assert("order.created", sendSMS.With(hello), updateCRM.With(map[string]int{"a": 1}).Async())
		},
		"flags": func(rec *saferunnertest.Recorder) {
			run(rec, "order.created", sendSMS.With(hello).After(time.Minute).Key("k"))
			rec.Assert("order.created", sendSMS.With(hello).After(time.Hour).BestEffort())
		},
		"missing": func(rec *saferunnertest.Recorder) {
			run(rec, "order.created", sendSMS.With(hello))
			rec.Assert("order.created", sendSMS.With(hello), updateCRM.With(nil).Async())
		},
		"unwanted": func(rec *saferunnertest.Recorder) {
			run(rec, "order.created", updateCRM.With(map[string]int{"b": 2, "a": 1}), sendSMS.With(hello))
			rec.Assert("order.created", sendSMS.With(hello))
		},
		"order": func(rec *saferunnertest.Recorder) {
			run(rec, "order.created", updateCRM.With(nil), sendSMS.With(hello))
			rec.Assert("order.created", sendSMS.With(hello), updateCRM.With(nil))
		},
		"nearest": func(rec *saferunnertest.Recorder) {
			run(rec, "order.created", quote.With(1), sendSMS.With(other), quote.With(3))
			rec.Assert("order.created", quote.With(3), quote.With(2))
		},
		"misspelt-run-id": func(rec *saferunnertest.Recorder) {
			run(rec, "order.created", sendSMS.With(hello))
			run(rec, "order.paid", quote.With(1), quote.With(2))
			rec.Assert("order.creatd", sendSMS.With(hello))
		},
		"nothing": func(rec *saferunnertest.Recorder) {
			rec.Assert("order.created", sendSMS.With(hello))
		},
		"none-wanted": func(rec *saferunnertest.Recorder) {
			run(rec, "order.created", sendSMS.With(hello))
			rec.AssertNone()
		},
		"count": func(rec *saferunnertest.Recorder) {
			run(rec, "order.created", sendSMS.With(hello))
			rec.AssertCount("order.created", 2)
		},
		"task-count": func(rec *saferunnertest.Recorder) {
			run(rec, "order.created", quote.With(1), sendSMS.With(hello), quote.With(2))
			rec.AssertTask("order.created", quote, 1)
		},
		"failed-call": func(rec *saferunnertest.Recorder) {
			rec.Fail(sendSMS, errors.New("no network"))
			_, _ = saferunner.Run(rec.Context(), "order.created", sendSMS.With(hello), quote.With(1))
			rec.Assert("order.created", sendSMS.With(hello), quote.With(1))
		},
		"refused-list": func(rec *saferunnertest.Recorder) {
			notify := saferunner.Define("notify.owner", func(context.Context, struct{ Done chan int }) error { return nil })
			_, _ = saferunner.Run(rec.Context(), "order.created", notify.With(struct{ Done chan int }{make(chan int)}).Async())
		},
		"bare-variable": func(rec *saferunnertest.Recorder) {
			run(rec, "order.created", bare.With(1))
			rec.AssertCount("order.created", 0)
		},
		"redacted-map": func(rec *saferunnertest.Recorder) {
			type vault struct {
				Tokens map[string]int `saferunner:"redact"`
				Pin    int            `saferunner:"redact"`
			}
			open := saferunner.Define("vault.open", func(context.Context, vault) error { return nil })
			run(rec, "vault", open.With(vault{map[string]int{"9999": 1, "99991": 2}, 99992}))
			rec.Assert("vault", open.With(vault{map[string]int{"99993": 1}, 99994}))
		},
		"zero-call": func(rec *saferunnertest.Recorder) {
			rec.Assert("order.created", saferunner.Call{})
		},
		"nil-task": func(rec *saferunnertest.Recorder) {
			rec.Force(nil)
			rec.Fail(quote, nil)
			rec.AssertTask("order.created", nil, 1)
		},
	}
	for name, fails := range tests {
		t.Run(name, func(t *testing.T) {
			fake := newFake(t)
			fails(saferunnertest.New(fake))
			fake.end()
			if !fake.failed {
				t.Error("the test did not fail")
			}
			got := scrub(fake.take())
			if strings.Contains(got, "1234\"") || strings.Contains(got, "9999") {
				t.Error("the text shows a redacted field")
			}
			golden(t, name+".golden", got)
		})
	}
}

var siteLine = regexp.MustCompile(`(\w+_test\.go):\d+ *`)

// scrub takes out what changes with each edit of this file.
func scrub(text string) string {
	return folderLine.ReplaceAllString(siteLine.ReplaceAllString(text, "$1:LINE  "), "Files are in FOLDER")
}

// folderLine names a folder that is another one each time.
var folderLine = regexp.MustCompile(`Files are in \S+`)

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv(updateVariable) == "1" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (write it with SAFERUNNER_UPDATE=1):\n%s", path, got)
	}
}
