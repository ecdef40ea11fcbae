package saferunnerproto_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/saferunner/saferunner/internal/message"
	"github.com/saferunner/saferunner/saferunnerproto/internal/testpb"
)

func support(t *testing.T) *message.Support {
	t.Helper()
	s, ok := message.Registered()
	if !ok {
		t.Fatal("nothing is registered")
	}
	v := reflect.ValueOf(*s)
	for i := range v.NumField() {
		if v.Field(i).IsNil() {
			t.Fatalf("%s is missing", v.Type().Field(i).Name)
		}
	}
	return s
}

func TestMarshalIsDeterministic(t *testing.T) {
	s := support(t)
	for name, use := range usages {
		text, err := s.Marshal(use(&testpb.Order{Id: proto.String("A"), Names: map[int64]string{3: "c", 1: "a", 2: "b"}, Status: testpb.Status_STATUS_PAID.Enum()}))
		const want = `{"id":"A","status":"STATUS_PAID","names":{"1":"a","2":"b","3":"c"}}`
		if err != nil || string(text) != want {
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
}

func TestCheckAcceptsWhatComesBack(t *testing.T) {
	s := support(t)
	extra, _ := anypb.New(item("x", 1))
	withExtra := sampleOrder()
	withExtra.Extra = extra
	unknown := item("a", 1)
	unknown.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 999, protowire.BytesType), "x"))
	strangeAny := &testpb.Order{Extra: &anypb.Any{TypeUrl: "type.googleapis.com/no.such.Message", Value: []byte{1}}}
	for _, m := range []proto.Message{sampleOrder(), withExtra, parcel(), &testpb.Item{}, timestamppb.Now(), structpb.NewStringValue("x")} {
		for name, use := range usages {
			if err := s.Check(use(m)); err != nil {
				t.Errorf("%T, %s: %v", m, name, err)
			}
		}
	}
	for want, m := range map[string]proto.Message{
		"unknown fields":        &testpb.Order{Items: []*testpb.Item{unknown}},
		"unknown fields, which": &testpb.Order{BySku: map[string]*testpb.Item{"a": unknown}},
		"message saferunner.test.Order has no protojson": strangeAny,
		"UTF-8":                       item("\xff", 1),
		"comes back as a nil pointer": structpb.NewNullValue(),
		"no protojson":                &timestamppb.Timestamp{Seconds: 1 << 60},
	} {
		if err := s.Check(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestShowHides(t *testing.T) {
	s := support(t)
	extra, _ := anypb.New(&testpb.Customer{Name: proto.String("Eve"), Password: proto.String("pw")})
	order := func() *testpb.Order {
		o := sampleOrder()
		o.Customer.Password = proto.String("pw")
		o.Customer.ReferredBy.Password = proto.String("pw")
		o.Extra = extra
		o.GetCard().Chip = []byte("chip")
		return o
	}
	for path, gone := range map[string][]string{
		"":                     {"pw"},
		"Payment.Card.Number":  {"4111"},
		"Card.Number":          {"4111"},
		"Card":                 {"4111", "chip"},
		"Payment":              {"4111", "card"},
		"Card.Chip":            {"Y2hpcA"},
		"Items.Sku":            {`"items":[{"sku":"tea"`},
		"BySku.Sku":            {`"bySku":{"tea":{"sku":"tea"`},
		"BySku":                {"bySku"},
		"Customer.ReferredBy":  {"Bob"},
		"Id":                   {"A1"},
		"Signature":            {"AQID"},
		"PlacedAt.Seconds.Any": {"2001"},
		"Extra.Name":           {"Eve"},
		"VoucherCode":          nil,
	} {
		o := order()
		text, hid, err := s.Show(o, strings.Fields(path))
		if err != nil || !hid {
			t.Errorf("%s: hid %v, %v", path, hid, err)
		}
		for _, secret := range append(gone, "pw") {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s: %s shows %s", path, text, secret)
			}
		}
		if !proto.Equal(o, order()) {
			t.Errorf("%s: Show changed the message", path)
		}
		s.Hide(o, strings.Fields(path))
		if hidden, _ := s.Marshal(o); string(hidden) != string(text) {
			t.Errorf("%s: Hide leaves %s", path, hidden)
		}
	}
	if text, hid, err := s.Show(item("a", 1), []string{"Nothing.Here"}); hid || err != nil || string(text) != `{"sku":"a","count":"1"}` {
		t.Errorf("%s, %v, %v", text, hid, err)
	}
	text, _, _ := s.Show(parcel(), []string{"To.Street", "Size"})
	if want := `{"label":"x","to":{"street":"[redacted]"},"stops":[{"street":"A"}],"depots":{"d":{"street":"B"}}}`; string(text) != want {
		t.Errorf("opaque: %s", text)
	}
}

func TestDifferences(t *testing.T) {
	s := support(t)
	got := sampleOrder()
	got.Id = proto.String("A<2>")
	got.Items = got.Items[:1]
	got.Items[0].Count = nil
	got.BySku = map[string]*testpb.Item{"tea": item("TEA", 1), "x": item("x", 1)}
	got.Payment = &testpb.Order_VoucherCode{VoucherCode: "V"}
	got.PlacedAt.Nanos = 0
	got.Customer.Password = proto.String("pw")
	got.Signature = []byte{9}
	got.Status = testpb.Status(7).Enum()
	got.Tags = []string{"new"}
	got.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 999, protowire.VarintType), 1))
	var lines []string
	for _, d := range s.Differences(sampleOrder(), got, []string{"Customer.Name", "BySku.Sku"}) {
		lines = append(lines, fmt.Sprintf("%s: %s → %s", d.Path, d.Want, d.Got))
	}
	want := `id: "A1" → "A<2>"
customer.password: [redacted] → [redacted], another value
items[0].count: 1 → (none)
items[1]: {"sku":"milk","count":"2"} → (none)
by_sku["tea"].sku: [redacted] → [redacted], another value
by_sku["x"]: (none) → {"sku":"[redacted]","count":"1"}
card: {"number":"4111"} → (none)
voucher_code: (none) → "V"
placed_at: "2001-09-09T01:46:40.000000005Z" → "2001-09-09T01:46:40Z"
signature: "AQID" → "CQ=="
status: (none) → 7
tags[0]: (none) → "new"
(unknown fields): 0 bytes → 3 bytes, others`
	if text := strings.Join(lines, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if d := s.Differences(sampleOrder(), sampleOrder(), nil); d != nil {
		t.Errorf("equal messages differ: %v", d)
	}
	for _, pair := range [][2]proto.Message{{item("a", 1), &testpb.Card{}}, {timestamppb.New(timestamppb.Now().AsTime()), &timestamppb.Timestamp{}}, {item("\xff", 1), item("b", 1)}} {
		if d := s.Differences(pair[0], pair[1], nil); len(d) != 1 || d[0].Want == d[0].Got {
			t.Errorf("%v", d)
		}
	}
}
