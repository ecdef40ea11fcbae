package saferunnerproto_test

import (
	"fmt"
	"math"
	"reflect"
	"sync"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/saferunner/saferunner/internal/message"
	"github.com/saferunner/saferunner/internal/snapshot"
	"github.com/saferunner/saferunner/saferunnerproto/internal/testpb"
)

type (
	embedding struct {
		*testpb.Item
		Extra []int
	}
	embeddingInterface struct{ proto.Message }
	embeddingValue     struct{ testpb.Item }
	embeddingDeep      struct{ embedding }
	lookalike          struct{}
)

func (*lookalike) ProtoReflect() fmt.Stringer { return nil }

func TestIsTellsMessages(t *testing.T) {
	for typ, want := range map[reflect.Type]bool{
		reflect.TypeFor[*testpb.Item]():        true,
		reflect.TypeFor[*testpb.Parcel]():      true,
		reflect.TypeFor[*dynamicpb.Message]():  true,
		reflect.TypeFor[testpb.Item]():         false,
		reflect.TypeFor[**testpb.Item]():       false,
		reflect.TypeFor[proto.Message]():       false,
		reflect.TypeFor[*embedding]():          false,
		reflect.TypeFor[embedding]():           false,
		reflect.TypeFor[*embeddingInterface](): false,
		reflect.TypeFor[*embeddingValue]():     false,
		reflect.TypeFor[*embeddingDeep]():      false,
		reflect.TypeFor[*lookalike]():          false,
		reflect.TypeFor[*int]():                false,
		nil:                                    false,
	} {
		for range 2 { // the second answer is remembered
			if message.Is(typ) != want {
				t.Errorf("%v: %v", typ, !want)
			}
		}
	}
	if !message.IsValue(reflect.TypeFor[testpb.Item]()) || message.IsValue(reflect.TypeFor[*testpb.Item]()) || message.IsValue(reflect.TypeFor[embedding]()) {
		t.Error("IsValue does not tell a message by value")
	}
}

// usages are what can have happened to a message before it is passed.
var usages = map[string]func(proto.Message) proto.Message{
	"new":        func(m proto.Message) proto.Message { return m },
	"logged":     func(m proto.Message) proto.Message { _ = fmt.Sprint(m); return m },
	"text":       func(m proto.Message) proto.Message { _ = prototext.Format(m); return m },
	"marshalled": func(m proto.Message) proto.Message { _, _ = proto.Marshal(m); return m },
	"sized":      func(m proto.Message) proto.Message { proto.Size(m); return m },
	"from the wire": func(m proto.Message) proto.Message {
		data, _ := proto.Marshal(m)
		back := m.ProtoReflect().New().Interface()
		if err := proto.Unmarshal(data, back); err != nil {
			panic(err)
		}
		return back
	},
}

func parcel() *testpb.Parcel {
	return testpb.Parcel_builder{Label: proto.String("x"), To: address("Main St"), Stops: []*testpb.Address{address("A")}, Depots: map[string]*testpb.Address{"d": address("B")}, Grams: proto.Int32(3)}.Build()
}

type args struct {
	Order  *testpb.Order
	Parcel *testpb.Parcel
	List   []*testpb.Item
	By     map[string]proto.Message
	Any    any
	in     *testpb.Customer
	Value  timestamppb.Timestamp
	Nil    *testpb.Order
	Emb    embedding
	Twice  [2]*testpb.Item
}

func planOf[T any](v *T) (*snapshot.Plan, reflect.Value) {
	x := reflect.ValueOf(v).Elem()
	return snapshot.PlanOf(x.Type()), x
}

func TestMessagesAreCopiedAndCompared(t *testing.T) {
	for name, use := range usages {
		sample := func() *args {
			one := item("one", 1)
			a := &args{
				Order: use(sampleOrder()).(*testpb.Order), Parcel: use(parcel()).(*testpb.Parcel), List: []*testpb.Item{use(item("l", 1)).(*testpb.Item), nil},
				By: map[string]proto.Message{"a": use(parcel())}, Any: []any{use(item("any", 1))}, in: &testpb.Customer{Name: proto.String("in")},
				Emb: embedding{item("emb", 1), []int{1}}, Twice: [2]*testpb.Item{one, one},
			}
			a.Value.Seconds = 5
			use(&a.Value)
			return a
		}
		a := sample()
		p, v := planOf(a)
		if err := p.Check(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		dup, size, shared := p.Copy(v)
		if shared || size < 500 {
			t.Errorf("%s: shared %v, %d bytes", name, shared, size)
		}
		c := dup.Addr().Interface().(*args)
		if c.Order == a.Order || c.Twice[0] != c.Twice[1] || c.Twice[0] == a.Twice[0] || c.Nil != nil || c.List[1] != nil {
			t.Errorf("%s: not copied", name)
		}
		a.Order.GetItems()[0].Sku = proto.String("changed")
		a.Order.GetCard().Number = proto.String("changed")
		a.Parcel.GetTo().SetStreet("changed")
		a.List[0].Sku, a.in.Name, a.Value.Seconds, a.Emb.Sku = proto.String("changed"), proto.String("changed"), 6, proto.String("changed")
		a.Emb.Extra[0] = 2
		a.Any.([]any)[0].(*testpb.Item).Sku = proto.String("changed")
		a.By["a"].(*testpb.Parcel).SetLabel("changed")
		for fresh, use := range usages {
			b := sample()
			use(b.Order)
			use(b.By["a"])
			if !p.Equal(dup, reflect.ValueOf(b).Elem()) {
				t.Errorf("%s: the copy is not what was passed, compared with %s", name, fresh)
			}
		}
		if p.Equal(dup, v) {
			t.Errorf("%s: the change is not noticed", name)
		}
	}
}

func TestMessagesDiffer(t *testing.T) {
	for name, pair := range map[string][2]any{
		"field":      {item("a", 1), item("a", 2)},
		"nil":        {(*testpb.Item)(nil), &testpb.Item{}},
		"types":      {proto.Message(item("a", 1)), proto.Message(&testpb.Card{})},
		"in oneof":   {&testpb.Order{Payment: &testpb.Order_VoucherCode{VoucherCode: "a"}}, &testpb.Order{Payment: &testpb.Order_Card{}}},
		"opaque":     {parcel(), testpb.Parcel_builder{}.Build()},
		"in a slice": {[]*testpb.Item{item("a", 1)}, []*testpb.Item{item("a", 2)}},
	} {
		if p, a := planOf(&pair[0]); p.Equal(a, reflect.ValueOf(&pair[1]).Elem()) {
			t.Errorf("%s: equal", name)
		}
	}
	nan := [2]*testpb.Order{{Weight: proto.Float64(math.NaN())}, {Weight: proto.Float64(math.NaN())}}
	if p, a := planOf(&nan[0]); !p.Equal(a, reflect.ValueOf(&nan[1]).Elem()) {
		t.Error("NaN differs from NaN")
	}
}

func TestMessagesAreCopiedWhileTheyAreUsed(t *testing.T) {
	extra, err := anypb.New(item("x", 1))
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		Order  *testpb.Order
		Value  *struct{ At timestamppb.Timestamp }
		Parcel any
	}
	h := &holder{Order: sampleOrder(), Value: &struct{ At timestamppb.Timestamp }{}, Parcel: parcel()}
	h.Order.Extra = extra
	h.Value.At.Seconds = 3
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				_, _ = proto.Marshal(h.Order)
				_ = fmt.Sprint(h.Parcel, &h.Value.At)
				_, _ = proto.Marshal(&h.Value.At)
			}
		})
		wg.Go(func() {
			p, v := planOf(&h)
			for range 100 {
				if dup, _, _ := p.Copy(v); !p.Equal(dup, v) {
					t.Error("the copy is not equal")
				}
			}
		})
	}
	wg.Wait()
}
