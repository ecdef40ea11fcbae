package redact_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/internal/redact"
)

// Quoting is read by methods that quote what they cannot read.
type (
	Quoting  struct{ text string }
	QuotingT struct{ text string }
	Wire     struct {
		Pin     int32             `json:"pin" saferunner:"redact"`
		Small   int8              `json:"small"`
		Addr    netip.Addr        `json:"addr"`
		At      time.Time         `json:"at"`
		Q       Quoting           `json:"q"`
		QT      *QuotingT         `json:"qt"`
		List    []map[string]Pair `json:"list"`
		ByNum   map[int8]bool     `json:"by_num"`
		Tokens  struct{ A int }   `json:"tokens" saferunner:"redact"`
		Any     any               `json:"any"`
		Bytes   []byte            `json:"bytes"`
		*Nested `json:"nested"`
	}
	Pair   struct{ A, B int8 }
	Nested struct{ Deep struct{ X float32 } }
)

func (q *Quoting) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	return fmt.Errorf("bad %s", b)
}
func (q *QuotingT) UnmarshalText(b []byte) error { panic("bad " + string(b)) }

func decodeWire(payload json.RawMessage) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	return d.Decode(new(Wire))
}

func TestDecodeErrorNamesPlaceAndTypes(t *testing.T) {
	p, _, _ := redact.PlanOf(reflect.TypeFor[Wire]())
	for payload, want := range map[string]string{
		`{"pin":773377337733}`:                 "pin: a JSON number cannot be read into a Go int32",
		`{"pin":"7733"}`:                       "pin: a JSON string cannot be read into a Go int32",
		`{"small":7733}`:                       "small: a JSON number cannot be read into a Go int8",
		`{"small":7733.5,"pin":1}`:             "small: a JSON number cannot be read into a Go int8",
		`{"addr":"7733"}`:                      "addr: a JSON string cannot be read into a Go netip.Addr",
		`{"at":"7733"}`:                        "at: a JSON string cannot be read into a Go time.Time",
		`{"q":{"x":"7733"}}`:                   "q: a JSON object cannot be read into a Go redact_test.Quoting",
		`{"qt":"7733"}`:                        "qt: a JSON string cannot be read into a Go *redact_test.QuotingT",
		`{"list":[{},{"k":{"A":1,"B":7733}}]}`: "list[1].k.B: a JSON number cannot be read into a Go int8",
		`{"list":[{},{"k":{"C":7733}}]}`:       `json: unknown field "list[1].k.C"`,
		`{"list":7733}`:                        "list: a JSON number cannot be read into a Go []map[string]redact_test.Pair",
		`{"by_num":{"7733":true}}`:             "by_num: a JSON object cannot be read into a Go map[int8]bool",
		`{"by_num":{"1":"7733"}}`:              "by_num.1: a JSON string cannot be read into a Go bool",
		`{"tokens":{"7733":1}}`:                "json: unknown field inside tokens",
		`{"tokens":{"A":"7733"}}`:              "tokens: a JSON object cannot be read into a Go struct { A int }",
		`{"more":7733}`:                        `json: unknown field "more"`,
		`{"bytes":"*7733*"}`:                   "bytes: a JSON string cannot be read into a Go []uint8",
		`{"nested":{"Deep":{"X":7733e7733}}}`:  "nested.Deep.X: a JSON number cannot be read into a Go float32",
		`{"PIN":"7733"}`:                       "pin: a JSON string cannot be read into a Go int32",
		`7733`:                                 "the payload: a JSON number cannot be read into a Go redact_test.Wire",
		`[7733]`:                               "the payload: a JSON array cannot be read into a Go redact_test.Wire",
		`{"pin":7733`:                          "the payload is not valid JSON",
		`{"pin":77x33}`:                        "the payload is not valid JSON",
		``:                                     "the payload is not valid JSON",
		`{"any":{"a":7733},"small":"7733","pin":1}`: "small: a JSON string cannot be read into a Go int8",
	} {
		err := decodeWire(json.RawMessage(payload))
		if err == nil {
			t.Errorf("%s is decoded", payload)
			continue
		}
		if got := p.DecodeError(err, json.RawMessage(payload), decodeWire); got.Error() != want {
			t.Errorf("%s:\n got %v\nwant %v", payload, got, want)
		} else if errors.Is(got, err) {
			t.Errorf("%s: the error wraps the one of the decoder", payload)
		}
	}
}

func TestDecodeErrorWithoutSecrets(t *testing.T) {
	err := errors.New("as it was")
	p, _, _ := redact.PlanOf(reflect.TypeFor[Pair]())
	if got := p.DecodeError(err, nil, nil); got != err {
		t.Error(got)
	}
	hiding, _, _ := redact.PlanOf(reflect.TypeFor[Pair](), "A")
	if got := hiding.DecodeError(nil, nil, nil); got != nil {
		t.Error(got)
	}
	payload := json.RawMessage(`{"A":7733}`)
	decode := func(b json.RawMessage) error { return json.Unmarshal(b, new(Pair)) }
	if got := hiding.DecodeError(decode(payload), payload, decode); got.Error() != "A: a JSON number cannot be read into a Go int8" {
		t.Error(got)
	}
}

// FuzzDecodeError holds that no value of the payload is quoted.
func FuzzDecodeError(f *testing.F) {
	for _, payload := range []string{`{"pin":"~"}`, `{"small":"~"}`, `{"addr":"~"}`, `{"at":"~"}`, `{"q":"~"}`, `{"qt":"~"}`, `{"list":[{"a":{"A":"~"}}]}`, `{"by_num":{"1":"~"}}`, `{"tokens":{"~":1}}`, `["~"]`, `"~"`, `~`} {
		f.Add(payload)
	}
	p, _, _ := redact.PlanOf(reflect.TypeFor[Wire]())
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, string(marker)) || len(text) > 200 {
			return
		}
		payload := json.RawMessage(strings.ReplaceAll(text, "~", string(marker)))
		err := decodeWire(payload)
		if err == nil {
			return
		}
		got := p.DecodeError(err, payload, decodeWire).Error()
		if strings.Contains(got, string(marker)) && !strings.Contains(got, "json: unknown field ") && !strings.Contains(text, `~":`) {
			t.Errorf("%s: %s", payload, got)
		}
	})
}
