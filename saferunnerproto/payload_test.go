package saferunnerproto_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/saferunner/saferunner/internal/payload"
	"github.com/saferunner/saferunner/internal/snapshot"
	_ "github.com/saferunner/saferunner/saferunnerproto"
	"github.com/saferunner/saferunner/saferunnerproto/internal/testpb"
)

type (
	common struct {
		Trace   string
		Contact *testpb.Customer `json:"contact,omitempty"`
	}
	Shared struct {
		At   time.Time
		Item *testpb.Item
	}
	job struct {
		common
		*Shared
		ID      string                  `json:"id"`
		Order   *testpb.Order           `json:"order"`
		None    *testpb.Order           `json:"none"`
		Left    *testpb.Order           `json:"left,omitempty"`
		Items   []*testpb.Item          `json:"items,omitempty"`
		Empty   []*testpb.Item          `json:"empty,omitempty"`
		Bare    []*testpb.Item          `json:"bare"`
		ByName  map[string]*testpb.Item `json:"by_name"`
		Nested  []map[int][]inner       `json:"nested"`
		Pair    [2]*testpb.Item
		Behind  **testpb.Item
		Parcel  *testpb.Parcel
		Zero    inner `json:"zero,omitzero"`
		When    time.Time
		Count   int          `json:",string"`
		Skipped *testpb.Item `json:"-"`
		hidden  *testpb.Item
	}
	inner struct {
		Note string
		Item *testpb.Item
	}
	tree struct {
		Item     *testpb.Item
		Children []*tree
		ByName   map[string]tree
		Parent   *tree
	}
	own struct{ item *testpb.Item }
)

func (o own) MarshalJSON() ([]byte, error) { return json.Marshal(o.item.GetSku()) }
func (o *own) UnmarshalJSON(data []byte) error {
	o.item = &testpb.Item{}
	return json.Unmarshal(data, &o.item.Sku)
}

func address(street string) *testpb.Address { return testpb.Address_builder{Street: &street}.Build() }

func item(sku string, n int64) *testpb.Item { return &testpb.Item{Sku: &sku, Count: &n} }

func sampleOrder() *testpb.Order {
	return &testpb.Order{
		Id:        proto.String("A1"),
		Customer:  &testpb.Customer{Name: proto.String("Ada"), ReferredBy: &testpb.Customer{Name: proto.String("Bob")}},
		Items:     []*testpb.Item{item("tea", 1), item("milk", 2)},
		BySku:     map[string]*testpb.Item{"tea": item("tea", 1)},
		Payment:   &testpb.Order_Card{Card: &testpb.Card{Number: proto.String("4111")}},
		PlacedAt:  timestamppb.New(time.Unix(1e9, 5)),
		Note:      structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{structpb.NewNullValue(), structpb.NewNumberValue(1)}}),
		Signature: []byte{1, 2, 3},
	}
}

// same reports whether a recorder would take a for b.
func same(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	return snapshot.PlanOf(x.Type()).Equal(x, y)
}

func TestPayloadHoldsProtojson(t *testing.T) {
	one := item("one", 1)
	j := job{
		common: common{"t1", &testpb.Customer{Name: proto.String("Ada")}},
		Shared: &Shared{time.Unix(1, 0).UTC(), item("s", 1)},
		ID:     "<1>", Order: sampleOrder(), Items: []*testpb.Item{item("a", 1), nil}, Empty: []*testpb.Item{},
		ByName: map[string]*testpb.Item{"x": item("b", 2)},
		Nested: []map[int][]inner{{7: {{"n", item("c", 3)}, {"m", nil}}}},
		Pair:   [2]*testpb.Item{nil, one}, Behind: &one,
		Parcel: testpb.Parcel_builder{To: address("Main St"), Grams: proto.Int32(5)}.Build(),
		When:   time.Unix(2, 0).UTC(), Count: 3, Skipped: one, hidden: one,
	}
	text, err := payload.Marshal(&j)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Trace":"t1","contact":{"name":"Ada"},"At":"1970-01-01T00:00:01Z","Item":{"sku":"s","count":"1"},` +
		`"id":"\u003c1\u003e","order":{"id":"A1","customer":{"name":"Ada","referredBy":{"name":"Bob"}},"items":[{"sku":"tea","count":"1"},{"sku":"milk","count":"2"}],` +
		`"bySku":{"tea":{"sku":"tea","count":"1"}},"card":{"number":"4111"},"placedAt":"2001-09-09T01:46:40.000000005Z","note":[null,1],"signature":"AQID"},` +
		`"none":null,"items":[{"sku":"a","count":"1"},null],"bare":null,"by_name":{"x":{"sku":"b","count":"2"}},` +
		`"nested":[{"7":[{"Note":"n","Item":{"sku":"c","count":"3"}},{"Note":"m","Item":null}]}],` +
		`"Pair":[null,{"sku":"one","count":"1"}],"Behind":{"sku":"one","count":"1"},"Parcel":{"to":{"street":"Main St"},"grams":5},` +
		`"When":"1970-01-01T00:00:02Z","Count":"3"}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	var back job
	if err := payload.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	j.Empty, j.Skipped, j.hidden = nil, nil, nil
	if !same(&j, &back) {
		t.Errorf("came back as %+v", back)
	}
	again, err := payload.Marshal(back)
	if err != nil || string(again) != want {
		t.Errorf("as a value: %s, %v", again, err)
	}
}

func TestPayloadComesBack(t *testing.T) {
	self := &tree{Item: item("root", 1), Children: []*tree{{Item: item("leaf", 1)}, nil}, ByName: map[string]tree{"x": {Item: item("named", 1)}}}
	self.Children[0].Parent = &tree{}
	for name, v := range map[string]any{
		"message":        new(sampleOrder()),
		"nil message":    new((*testpb.Order)(nil)),
		"opaque":         new(testpb.Parcel_builder{Format: proto.String("A4"), Stops: []*testpb.Address{address("x")}, Depots: map[string]*testpb.Address{"d": address("y")}}.Build()),
		"list":           &[]*testpb.Item{item("a", 1), nil},
		"nil list":       new([]*testpb.Item),
		"map":            &map[string][]*testpb.Item{"a": {item("a", 1)}, "b": nil},
		"nil map":        new(map[string]*testpb.Item),
		"recursive type": self,
		"own marshaller": &struct{ Own []own }{[]own{{&testpb.Item{Sku: proto.String("x")}}}},
		"beside any": &struct {
			M *testpb.Item
			A any
			L []any
		}{item("a", 1), map[string]any{"k": 1.5}, []any{"x"}},
		"array": &[1]inner{{"n", item("a", 1)}},
		"value": &struct{ T timestamppb.Timestamp }{timestamppb.Timestamp{Seconds: 1}},
	} {
		text, err := payload.Marshal(reflect.ValueOf(v).Elem().Interface())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		back := reflect.New(reflect.TypeOf(v).Elem())
		if err := payload.Unmarshal(text, back.Interface()); err != nil {
			t.Errorf("%s: %s: %v", name, text, err)
			continue
		}
		if again, _ := payload.Marshal(back.Interface()); string(again) != string(text) {
			t.Errorf("%s: %s comes back as %s", name, text, again)
		}
		if !same(v, back.Interface()) {
			t.Errorf("%s: %s comes back as another value", name, text)
		}
	}
}

func TestPayloadShowsMessagesInInterfaces(t *testing.T) {
	for want, v := range map[string]any{
		`{"a":{"sku":"x"},"b":1}`:                    map[string]any{"a": &testpb.Item{Sku: proto.String("x")}, "b": 1},
		`[1,[{"sku":"x"}],null]`:                     []any{1, []any{&testpb.Item{Sku: proto.String("x")}}, nil},
		`{"M":{"sku":"x"}}`:                          struct{ M proto.Message }{&testpb.Item{Sku: proto.String("x")}},
		`{"A":{"Note":"n","Item":{"sku":"x"}}}`:      struct{ A any }{inner{"n", &testpb.Item{Sku: proto.String("x")}}},
		`{"A":{"Note":"m","Item":null},"B":[1,"y"]}`: struct{ A, B any }{&inner{Note: "m"}, []any{1, "y"}},
	} {
		if got, err := payload.Marshal(v); err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
}

func TestPayloadErrors(t *testing.T) {
	loop := &tree{Item: item("a", 1)}
	loop.Parent = loop
	bad := &testpb.Item{Sku: proto.String("\xff")}
	for want, v := range map[string]any{
		"holds itself":                      loop,
		"saferunnerproto_test.inner.Item: ": inner{Item: bad},
		"[…].Item: ":                        map[string]inner{"a": {Item: bad}},
	} {
		if got, err := payload.Marshal(v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s, %v; want %q", got, err, want)
		}
	}
	for data, into := range map[string]any{
		`{"Note":"n","Other":1}`:                         new(inner),
		`{"Note":"n","Item":{"sku":"x","colour":"red"}}`: new(inner),
		`{"sku":"x","colour":"red"}`:                     new(testpb.Item),
		`{"Item":{},"Children":[{"Item":{"colour":1}}]}`: new(tree),
		`{"M":{"sku":"x"},"N":null}`: new(struct {
			M proto.Message
			N *testpb.Item
		}),
		`{"Item":{}} 1`: new(inner),
	} {
		if err := payload.Unmarshal([]byte(data), into); err == nil {
			t.Errorf("%s: accepted", data)
		}
	}
}
