// Package missing tests what happens in a program that has messages but does
// not import saferunnerproto.
package missing

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/saferunner/saferunner/internal/message"
	"github.com/saferunner/saferunner/internal/payload"
	"github.com/saferunner/saferunner/internal/snapshot"
	"github.com/saferunner/saferunner/saferunnerproto/internal/testpb"
)

type task struct {
	Name  string
	Item  *testpb.Item
	Items []*testpb.Item
	in    any
	By    map[string]any
	Next  *task
	Value atomic.Value
	Load  atomic.Pointer[task]
	Map   sync.Map
	At    timestamppb.Timestamp
}

type named struct{ By map[string]any }

type list struct {
	Inner []struct{ Items []*testpb.Item }
}

func check(v any) error {
	x := reflect.ValueOf(v)
	return snapshot.PlanOf(x.Type()).Check(x)
}

func TestCheckNamesTheMessageAndTheImport(t *testing.T) {
	item := &testpb.Item{}
	loop := &list{}
	var cycle [1]any
	cycle[0] = &cycle
	stored := &struct{ V atomic.Value }{}
	stored.V.Store(item)
	pointed := &struct{ P atomic.Pointer[list] }{}
	pointed.P.Store(&list{[]struct{ Items []*testpb.Item }{{[]*testpb.Item{item}}}})
	mapped := &struct{ M sync.Map }{}
	mapped.M.Store("k", item)
	for want, v := range map[string]any{
		"Item (*testpb.Item): ":                           item,
		"named.By[…] (*testpb.Item): ":                    named{map[string]any{"secret": item}},
		"named.By[…][1].Inner[0].Items[1] (*testpb.Item)": named{map[string]any{"a": []any{1, list{[]struct{ Items []*testpb.Item }{{[]*testpb.Item{nil, item}}}}}}},
		"task.At (timestamppb.Timestamp)":                 &task{},
		"arguments[0] (*testpb.Item)":                     []any{item},
		"arguments.V (*testpb.Item)":                      stored,
		"arguments.P.Inner[0].Items[0] (*testpb.Item)":    pointed,
		"arguments.M[…] (*testpb.Item)":                   mapped,
	} {
		err := check(v)
		if !errors.Is(err, message.ErrMissing) || !strings.HasPrefix(err.Error(), want) ||
			!strings.Contains(err.Error(), `add import _ "github.com/saferunner/saferunner/saferunnerproto"`) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v; want %s", err, want)
		}
	}
	for _, v := range []any{list{}, loop, list{[]struct{ Items []*testpb.Item }{{[]*testpb.Item{nil}}}}, named{map[string]any{"a": 1}}, "x", &cycle, struct{ F func() }{}} {
		if err := check(v); err != nil {
			t.Errorf("%T: %v", v, err)
		}
	}
}

func TestCheckEnds(t *testing.T) {
	var wide any = []any{1}
	for range 60 {
		wide = []any{wide, wide}
	}
	type link struct {
		Next *link
		Any  any
	}
	long := &link{}
	for range 10_000 {
		long = &link{long, map[string]any{}}
	}
	loop := &link{}
	loop.Next, loop.Any = loop, map[any]any{1: loop}
	for _, v := range []any{wide, long, loop} {
		if err := check(v); err != nil {
			t.Error(err)
		}
	}
}

func TestPayloadNeedsTheImport(t *testing.T) {
	if _, err := payload.Marshal(list{}); !errors.Is(err, message.ErrMissing) {
		t.Error(err)
	}
	if err := payload.Unmarshal([]byte(`{}`), new(list)); !errors.Is(err, message.ErrMissing) {
		t.Error(err)
	}
}

func TestCopyWithoutTheImportShares(t *testing.T) {
	v := []*testpb.Item{{}}
	p := snapshot.PlanOf(reflect.TypeOf(v))
	dup, _, shared := p.Copy(reflect.ValueOf(v))
	if !shared || dup.Interface().([]*testpb.Item)[0] != v[0] || !p.Equal(dup, reflect.ValueOf(v)) {
		t.Error("a message was copied without knowing how")
	}
}
