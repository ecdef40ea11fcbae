package snapshot

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
)

type point struct{ X, Y int64 }

type track struct {
	ID     int64
	Name   string
	Points []point
}

type flatArgs struct {
	A, B, C, D, E, F int64
	G, H             string
}

var (
	sampleTrack = track{1, "a", make([]point, 10)}
	sampleOrder = order{ID: "a", Items: slices.Repeat([]item{{"sku", 1}}, 10)}
	sampleFlat  = flatArgs{G: "some text", H: "more text"}
)

func BenchmarkCopySlice(b *testing.B) {
	b.Run("hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dup := new(track)
			*dup = sampleTrack
			dup.Points = make([]point, len(sampleTrack.Points))
			copy(dup.Points, sampleTrack.Points)
			trackSink = dup
		}
	})
	p := PlanOf(reflect.TypeFor[track]())
	b.Run("copy", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			valueSink, _, _ = p.Copy(reflect.ValueOf(&sampleTrack).Elem())
		}
	})
	b.Run("detach", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dup := new(track)
			*dup = sampleTrack
			p.Detach(reflect.ValueOf(dup).Elem())
			trackSink = dup
		}
	})
}

func BenchmarkCopySliceWithStrings(b *testing.B) {
	b.Run("hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dup := new(order)
			*dup = sampleOrder
			dup.Items = make([]item, len(sampleOrder.Items))
			copy(dup.Items, sampleOrder.Items)
			orderSink = dup
		}
	})
	p := PlanOf(reflect.TypeFor[order]())
	b.Run("detach", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dup := new(order)
			*dup = sampleOrder
			p.Detach(reflect.ValueOf(dup).Elem())
			orderSink = dup
		}
	})
}

func BenchmarkCopyFlat(b *testing.B) {
	p := PlanOf(reflect.TypeFor[flatArgs]())
	b.ReportAllocs()
	for b.Loop() {
		valueSink, _, _ = p.Copy(reflect.ValueOf(&sampleFlat).Elem())
	}
}

func BenchmarkCopyDynamic(b *testing.B) {
	v := map[string]any{"id": "a", "count": 3.0, "tags": []any{"x", "y"}}
	p := PlanOf(reflect.TypeOf(v))
	b.ReportAllocs()
	for b.Loop() {
		valueSink, _, _ = p.Copy(reflect.ValueOf(&v).Elem())
	}
}

func benchDetach[T any](b *testing.B, v T) {
	p := PlanOf(reflect.TypeFor[T]())
	dup := new(T)
	b.ReportAllocs()
	for b.Loop() {
		*dup = v
		p.Detach(reflect.ValueOf(dup).Elem())
	}
}

func BenchmarkDetach(b *testing.B) {
	strs := map[string]string{}
	for i := range 10 {
		strs[fmt.Sprint(i)] = "v"
	}
	ptrs := make([]*item, 20)
	for i := range ptrs {
		ptrs[i] = &item{"a", i}
	}
	b.Run("pointer", func(b *testing.B) { benchDetach(b, &order{ID: "a", Items: []item{{"a", 1}}}) })
	b.Run("two lists", func(b *testing.B) { benchDetach(b, struct{ To, Cc []string }{[]string{"a", "b"}, []string{"c"}}) })
	b.Run("map", func(b *testing.B) { benchDetach(b, strs) })
	b.Run("pointers", func(b *testing.B) { benchDetach(b, ptrs) })
	b.Run("named map", func(b *testing.B) { benchDetach(b, map[string][]string{"a": {"b"}, "c": {"d"}}) })
	b.Run("list", func(b *testing.B) { benchDetach(b, &node{1, &node{2, &node{3, nil}}}) })
}

func BenchmarkEqualFlat(b *testing.B) {
	x, y := sampleFlat, sampleFlat
	p := PlanOf(reflect.TypeFor[flatArgs]())
	b.Run("operator", func(b *testing.B) {
		for b.Loop() {
			boolSink = x == y
		}
	})
	b.Run("plan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			boolSink = p.Equal(reflect.ValueOf(&x).Elem(), reflect.ValueOf(&y).Elem())
		}
	})
	b.Run("DeepEqual", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			boolSink = reflect.DeepEqual(x, y)
		}
	})
}

func BenchmarkEqualSlice(b *testing.B) {
	x, _ := copyOf(sampleOrder)
	y, _ := copyOf(sampleOrder)
	p := PlanOf(reflect.TypeFor[order]())
	b.Run("plan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			boolSink = p.Equal(reflect.ValueOf(&x).Elem(), reflect.ValueOf(&y).Elem())
		}
	})
	b.Run("DeepEqual", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			boolSink = reflect.DeepEqual(x, y)
		}
	})
}

func BenchmarkPlanOf(b *testing.B) {
	t := reflect.TypeFor[order]()
	for b.Loop() {
		if PlanOf(t) == nil {
			b.Fatal("no plan")
		}
	}
}

var (
	trackSink *track
	orderSink *order
	valueSink reflect.Value
	boolSink  bool
)
