package payload_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/saferunner/saferunner/internal/payload"
)

type order struct {
	ID    string `json:"id"`
	Items []item `json:"items,omitempty"`
	Extra any
}

type item struct{ SKU string }

func TestWithoutMessagesIsEncodingJSON(t *testing.T) {
	for _, v := range []any{nil, 1, "a<b", order{ID: "1", Items: []item{{"x"}}, Extra: map[string]any{"k": []any{1.5}}}, &order{}, []any{item{}}} {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := payload.Marshal(v); err != nil || string(got) != string(want) {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
	if _, err := payload.Marshal(func() {}); err == nil {
		t.Error("a function was marshalled")
	}
}

func TestUnmarshalIsStrict(t *testing.T) {
	var o order
	if err := payload.Unmarshal([]byte(`{"id":"1","items":[{"SKU":"x"}]}`), &o); err != nil || o.ID != "1" || o.Items[0].SKU != "x" {
		t.Errorf("%+v, %v", o, err)
	}
	for data, want := range map[string]string{
		`{"id":"1","note":"x"}`: `unknown field "note"`,
		`{"id":"1"} {}`:         "more than one JSON value",
		`{"id":`:                "EOF",
	} {
		if err := payload.Unmarshal([]byte(data), new(order)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", data, err, want)
		}
	}
	for _, into := range []any{nil, order{}, (*order)(nil)} {
		if err := payload.Unmarshal([]byte(`{}`), into); err == nil {
			t.Errorf("decoded into %#v", into)
		}
	}
}

type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("secret") }
func (*panics) UnmarshalJSON([]byte) error  { panic("secret") }
func (panics) MarshalText() ([]byte, error) { panic("secret") }
func (*panics) UnmarshalText([]byte) error  { panic("secret") }

func TestMethodsThatPanic(t *testing.T) {
	type within struct{ In []map[string]*panics }
	type key struct{ In map[panics]int }
	for _, v := range []any{panics{}, &panics{}, within{[]map[string]*panics{{"a": {}}}}, key{map[panics]int{{}: 1}}} {
		if text, err := payload.Marshal(v); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("Marshal(%T): %s, %v", v, text, err)
		}
	}
	for text, into := range map[string]any{`1`: &panics{}, `{"In":[{"a":1}]}`: &within{}, `{"In":{"a":1}}`: &key{}} {
		if err := payload.Unmarshal([]byte(text), into); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("Unmarshal(%T): %v", into, err)
		}
	}
}
