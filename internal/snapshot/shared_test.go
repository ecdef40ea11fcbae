package snapshot

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"html/template"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"
)

type mail struct {
	Header map[string][]string
	OnSent func()
	parts  map[string][]byte
}

func TestCopyOfUnexportedFields(t *testing.T) {
	sent := 0
	m := &mail{map[string][]string{"To": {"a"}}, func() { sent++ }, map[string][]byte{"x": {1}}}
	dup := copied(t, m, true)
	m.Header["To"][0], m.parts["x"][0] = "b", 2
	dup.OnSent()
	if dup.Header["To"][0] != "a" || dup.parts["x"][0] != 1 || sent != 1 {
		t.Errorf("%+v, sent %d", dup, sent)
	}
	m.OnSent = nil
	copied(t, m, false)
	checkDetached(t, &hidden{notes: []string{"n"}}, func(v *hidden) *hidden { v.notes[0] = "m"; return v })
	type deep struct{ in struct{ any any } }
	v := deep{}
	v.in.any = map[string]any{"a": []int{1}}
	checkDetached(t, v, func(v deep) deep { v.in.any.(map[string]any)["a"].([]int)[0] = 2; return v })
}

type service struct {
	Name  string
	queue chan int
}

type hooked struct {
	Name string
	hook func()
}

type wrapper struct{ Inner [1]hooked }

type (
	valueError struct{ Codes []int }
	listError  []string
	tracing    struct {
		context.Context
		IDs []int
	}
)

func (valueError) Error() string  { return "value" }
func (e listError) Error() string { return strings.Join(e, ",") }

func TestCopySharesWhatIsNoData(t *testing.T) {
	n := 0
	ctx := context.WithValue(t.Context(), &n, 1)
	var fmtErr error = fmt.Errorf("a: %w", io.EOF)
	for _, v := range []any{
		ctx, io.EOF, errors.Join(io.EOF, fmtErr), fmtErr, &failure{}, &tracing{Context: ctx}, &sql.DB{}, http.DefaultClient.Transport, &http.Server{},
		http.DefaultTransport, slog.Default(), os.Stdout, template.New("x"), time.NewTimer(time.Hour), time.NewTicker(time.Hour), exec.Command("x"),
		&service{Name: "a"}, &hooked{Name: "a"}, &wrapper{}, t, func() {}, make(chan int), unsafe.Pointer(&n), iter.Seq[int](func(func(int) bool) {}),
		http.DefaultClient, strings.NewReplacer("a", "b"), runtime.FuncForPC(reflect.ValueOf(TestDetach).Pointer()), new(http.Request),
	} {
		if v == nil {
			continue
		}
		in := []any{v}
		dup := copied(t, in, true)
		if !sameWord(dup[0], v) {
			t.Errorf("%T was copied", v)
		}
	}
	if err := copied[error](t, fmtErr, true); !errors.Is(err, fmtErr) || !errors.Is(err, io.EOF) {
		t.Error("the copy of an error is another one")
	}
	value := valueError{[]int{1}}
	if dup := copied[error](t, value, true).(valueError); &dup.Codes[0] != &value.Codes[0] {
		t.Error("an error was copied")
	}
	many := listError{"a"}
	if dup := copied(t, many, true); &dup[0] != &many[0] {
		t.Error("an error was copied")
	}
	if dup := copied(t, map[*int]int{&n: 1}, true); dup[&n] != 1 {
		t.Error("a map key was copied")
	}
	if dup := copied(t, map[any]int{&n: 1}, true); dup[&n] != 1 {
		t.Error("a map key was copied")
	}
	copied(t, map[any]int{"a": 1, 2: 2}, false)
	for _, none := range []any{struct {
		F   func()
		C   chan int
		E   error
		DB  *sql.DB
		Ctx context.Context
	}{}} {
		copied(t, []any{none}, false)
	}
}

func sameWord(a, b any) bool { return dataWord(a) == dataWord(b) }

// opaque has the shape of slog.Value: a pointer to the first of n bytes.
type opaque struct {
	n   int
	any any
	p   *byte
}

type bytePointer *byte

func TestCopyLeavesPointersToMoreThanTheirType(t *testing.T) {
	b := []byte("hello")
	v := opaque{5, bytePointer(unsafe.SliceData(b)), &b[0]}
	dup := copied(t, []opaque{v}, true)[0]
	if s := unsafe.String((*byte)(dup.any.(bytePointer)), dup.n); s != "hello" || dup.p != &b[0] {
		t.Errorf("read %q", s)
	}
	for _, v := range []slog.Value{slog.StringValue("hello"), slog.GroupValue(slog.Int("a", 1), slog.String("b", "c")), slog.AnyValue([]int{1}), slog.DurationValue(1)} {
		if dup, _ := copyOf([]slog.Value{v}); !equal(dup[0], v) || dup[0].String() != v.String() {
			t.Errorf("copy of %v is %v", v, dup[0])
		}
	}
}
