package snapshot

import (
	"bytes"
	"container/list"
	"container/ring"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"html/template"
	"io"
	"iter"
	"log/slog"
	"math/big"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unique"
	"unsafe"
	"weak"
)

// copied copies v and fails if the copy differs, or if what it says of sharing
// is not wanted.
func copied[T any](t *testing.T, v T, shared bool) T {
	t.Helper()
	dup, _, s := PlanOf(reflect.TypeFor[T]()).Copy(reflect.ValueOf(&v).Elem())
	if s != shared {
		t.Errorf("copy of %T: shared %v, want %v", v, s, shared)
	}
	if !equal(v, dup.Interface().(T)) {
		t.Errorf("copy of %T is not equal", v)
	}
	detached := v
	if _, s := PlanOf(reflect.TypeFor[T]()).Detach(reflect.ValueOf(&detached).Elem()); s != shared {
		t.Errorf("detached %T: shared %v, want %v", v, s, shared)
	}
	if !equal(v, detached) {
		t.Errorf("detached %T is not equal", v)
	}
	return *dup.Addr().Interface().(*T)
}

type account struct {
	mu     sync.Mutex
	Status string
	Tags   []string
}

func TestCopyOfDataBesideALock(t *testing.T) {
	a := &account{Status: "new", Tags: []string{"x"}}
	a.mu.Lock()
	dup := copied(t, a, false)
	a.Status, a.Tags[0] = "paid", "y"
	if dup.Status != "new" || dup.Tags[0] != "x" {
		t.Errorf("a change shows: %v %v", dup.Status, dup.Tags)
	}
	if !dup.mu.TryLock() {
		t.Error("the copy is locked")
	}
	byValue := copied(t, []account{{Status: "new"}}, false)
	inMap := copied(t, map[string]*account{"a": a}, false)
	inAny := copied[any](t, a, false)
	if !byValue[0].mu.TryLock() || !inMap["a"].mu.TryLock() || !inAny.(*account).mu.TryLock() {
		t.Error("a copy is locked")
	}
}

func TestCopyOfEveryLock(t *testing.T) {
	type locks struct {
		RW   sync.RWMutex
		Once sync.Once
		WG   sync.WaitGroup
		Cond sync.Cond
		Pool sync.Pool
		P    *sync.Mutex
		L    sync.Locker
		Nil  *sync.Mutex
	}
	v := &locks{P: new(sync.Mutex), L: new(sync.RWMutex)}
	v.RW.Lock()
	v.Once.Do(func() {})
	v.WG.Add(1)
	v.P.Lock()
	v.Pool.New = func() any { return 1 }
	dup := copied(t, v, false)
	ran := false
	dup.Once.Do(func() { ran = true })
	dup.WG.Wait()
	if !dup.RW.TryLock() || !dup.P.TryLock() || !ran || dup.Pool.Get() != nil || dup.Nil != nil || dup.L == v.L || dup.P == v.P {
		t.Error("a lock of the copy is in use")
	}
	if m := copied(t, v.P, false); m == v.P || !m.TryLock() {
		t.Error("*sync.Mutex is not a new one")
	}
}

func TestCopyOfAtomics(t *testing.T) {
	type stats struct {
		Name string
		N    atomic.Int64
		B    atomic.Bool
		U    [2]atomic.Uint32
		P    atomic.Pointer[money]
		V    atomic.Value
		M    sync.Map
	}
	s := &stats{Name: "a"}
	s.N.Store(7)
	s.B.Store(true)
	s.U[1].Store(3)
	s.P.Store(&money{1, "EUR"})
	s.V.Store([]int{1})
	s.M.Store("k", []int{1})
	s.M.Store(1, &money{2, "USD"})
	dup := copied(t, s, false)
	byValue := copied(t, map[string][]*stats{"a": {s, s}}, false)["a"]
	if byValue[0] != byValue[1] {
		t.Error("one variable became two")
	}
	other := &stats{Name: "a"}
	if equal(s, other) {
		t.Error("atomics are not compared")
	}
	s.N.Store(8)
	s.B.Store(false)
	s.U[1].Store(4)
	s.P.Load().Cents = 9
	s.V.Load().([]int)[0] = 9
	k, _ := s.M.Load("k")
	k.([]int)[0] = 9
	s.M.Delete(1)
	for _, dup := range append(byValue, dup) {
		k, _ := dup.M.Load("k")
		m, _ := dup.M.Load(1)
		if dup.N.Load() != 7 || !dup.B.Load() || dup.U[1].Load() != 3 || *dup.P.Load() != (money{1, "EUR"}) || dup.V.Load().([]int)[0] != 1 ||
			k.([]int)[0] != 1 || *m.(*money) != (money{2, "USD"}) {
			t.Error("a change shows in the copy of an atomic")
		}
	}
}

func TestCopyWhileAtomicsAndLocksAreUsed(t *testing.T) {
	type stats struct {
		mu   sync.RWMutex
		Name string
		n    atomic.Int64
		p    atomic.Pointer[int]
		v    atomic.Value
		m    sync.Map
	}
	s := &stats{Name: "a"}
	s.p.Store(new(int))
	s.v.Store("x")
	stop := make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			s.mu.RLock()
			s.n.Add(1)
			s.p.Store(new(int))
			s.v.Store("y")
			s.m.Store(i%10, i)
			s.mu.RUnlock()
		}
	})
	for range 200 {
		dup, _ := copyOf([]any{s, []*stats{s}, map[string]*stats{"a": s}})
		if dup[0].(*stats).Name != "a" {
			t.Error("not copied")
		}
		equal(s, dup[0].(*stats))
	}
	close(stop)
	wg.Wait()
}

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
		strings.NewReplacer("a", "b"), runtime.FuncForPC(reflect.ValueOf(TestDetach).Pointer()), new(http.Request),
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
	if dup := copied(t, &http.Client{Transport: http.DefaultTransport}, true); dup.Transport != http.DefaultTransport {
		t.Error("the transport was copied")
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

func TestCopyKeepsValues(t *testing.T) {
	zone := time.FixedZone("X", 3600)
	type values struct {
		H unique.Handle[string]
		A netip.Addr
		P netip.Prefix
		T time.Time
		Z *time.Location
		Y reflect.Type
		R *regexp.Regexp
		N regexp.Regexp
	}
	v := values{unique.Make("a"), netip.MustParseAddr("fe80::1%eth0"), netip.MustParsePrefix("10.0.0.0/8"), time.Now().In(zone), zone, reflect.TypeFor[int](),
		regexp.MustCompile("a+"), *regexp.MustCompile("b")}
	dup := copied(t, v, false)
	if dup.H != v.H || dup.A != v.A || dup.P != v.P || dup.T != v.T || dup.Z != zone || dup.Y != v.Y || dup.R != v.R || !dup.N.MatchString("b") {
		t.Errorf("%v, was %v", dup, v)
	}
	at, addr := time.Now().In(zone), netip.MustParseAddr("fe80::1%eth0")
	if p := copied(t, &at, false); p == &at || *p != at {
		t.Error("*time.Time is not a copy")
	}
	if p := copied(t, &addr, false); p == &addr || *p != addr {
		t.Error("*netip.Addr is not a copy")
	}
	n := 1
	w, r := weak.Make(&n), reflect.ValueOf(&n)
	if dup := copied(t, struct {
		W weak.Pointer[int]
		R reflect.Value
	}{w, r}, true); dup.W != w || dup.R != r {
		t.Error("something was entered")
	}
	runtime.KeepAlive(&n)
}

func TestCopyOfDataOfTheStandardLibrary(t *testing.T) {
	big1 := big.NewInt(1 << 40)
	dupBig := copied(t, big1, false)
	big1.SetBit(big1, 3, 1)
	if dupBig.Int64() != 1<<40 {
		t.Errorf("big.Int is %v", dupBig)
	}
	rat, float := big.NewRat(1, 3), big.NewFloat(1.5)
	dupRat, dupFloat := copied(t, rat, false), copied(t, *float, false)
	rat.SetInt64(7)
	float.SetInt64(7)
	if dupRat.String() != "1/3" || dupFloat.String() != "1.5" {
		t.Errorf("%v, %v", dupRat, dupFloat)
	}

	buf := bytes.NewBufferString("abc")
	_, _ = buf.ReadByte()
	dupBuf := copied(t, buf, false)
	buf.Bytes()[0] = 'x'
	if dupBuf.String() != "bc" {
		t.Errorf("bytes.Buffer is %q", dupBuf)
	}
	reader := strings.NewReader("abc")
	dupReader := copied(t, reader, false)
	_, _ = io.ReadAll(reader)
	if s, _ := io.ReadAll(dupReader); string(s) != "abc" {
		t.Errorf("strings.Reader has %q", s)
	}
	u, _ := url.Parse("https://me:pw@example.com/a?b=c")
	dupURL := copied(t, u, false)
	u.Path = "/x"
	if dupURL.String() != "https://me:pw@example.com/a?b=c" {
		t.Errorf("url is %v", dupURL)
	}

	var b strings.Builder
	b.WriteString("abc")
	dupB := copied(t, &b, false)
	b.WriteString("d")
	dupB.WriteString("e")
	type holder struct{ B strings.Builder }
	h := &holder{}
	h.B.WriteString("x")
	dupH := copied(t, h, false)
	byValue := copied(t, *h, false)
	byValue.B.WriteString("y")
	if b.String() != "abcd" || dupB.String() != "abce" || dupH.B.String() != "x" || byValue.B.String() != "xy" || h.B.String() != "x" {
		t.Errorf("builders: %q %q %q %q", b.String(), dupB.String(), dupH.B.String(), byValue.B.String())
	}
}

func TestCopyOfLists(t *testing.T) {
	elements := func(l *list.List) (all []any) {
		for e := l.Front(); e != nil; e = e.Next() {
			all = append(all, e.Value)
		}
		return all
	}
	fill := func(l *list.List) {
		for i := range 3 {
			l.PushBack([]int{i})
		}
	}
	type holder struct {
		Name string
		L    list.List
	}
	h := &holder{}
	fill(&h.L)
	p, byValue := list.New(), *h
	fill(p)
	dup, dupP, dupV, detached := copied(t, h, false), copied(t, p, false), copied(t, byValue, false), byValue
	PlanOf(reflect.TypeFor[holder]()).Detach(reflect.ValueOf(&detached).Elem())
	h.L.Front().Value.([]int)[0] = 9
	p.Front().Value.([]int)[0] = 9
	h.L.Remove(h.L.Back())
	for i, l := range []*list.List{&dup.L, dupP, &dupV.L, &detached.L} {
		if got := fmt.Sprint(elements(l)); got != "[[0] [1] [2]]" || l.Len() != 3 {
			t.Errorf("list %d: %v", i, got)
		}
	}
	dup.L.PushBack("x")
	dup.L.MoveToFront(dup.L.Back())
	if got := fmt.Sprint(elements(&dup.L)); got != "[x [0] [1] [2]]" {
		t.Errorf("the copied list does not work: %v", got)
	}
	r := ring.New(3)
	r.Value = 1
	if dup := copied(t, r, false); dup.Len() != 3 || dup == r || dup.Next().Next().Next() != dup {
		t.Error("the ring is broken")
	}
}

func TestCopyKeepsReferencesToOneVariable(t *testing.T) {
	it := &item{"a", 1}
	two := copied(t, struct{ A, B *item }{it, it}, false)
	listed := copied(t, []*item{it, it}, false)
	type both struct {
		Items []item
		First *item
	}
	items := []item{{"a", 1}, {"b", 2}}
	partFirst := copied(t, both{items, &items[1]}, false)
	type reversed struct {
		First *item
		Items []item
		Count *int
	}
	partLast := copied(t, reversed{&items[1], items, &items[1].Count}, false)
	if two.A != two.B || two.A == it || listed[0] != listed[1] {
		t.Error("one variable became two")
	}
	if partFirst.First != &partFirst.Items[1] || partLast.First != &partLast.Items[1] || partLast.Count != &partLast.Items[1].Count {
		t.Error("a pointer to an element leads elsewhere")
	}

	raw := []byte("head body")
	type packet struct{ Head, Body, All []byte }
	p := copied(t, packet{raw[:6], raw[5:], raw}, false)
	q := copied(t, packet{raw[:6], raw[5:], nil}, false)
	if &p.Body[0] != &p.All[5] || &q.Body[0] != &q.Head[5] || &p.All[0] == &raw[0] || string(q.Body) != "body" {
		t.Error("overlapping slices were torn apart")
	}
	q.Head = append(q.Head, 'x')
	if string(q.Body) != "body" {
		t.Error("a slice of the copy reaches beyond its length")
	}

	type self struct {
		A    [4]int
		Part *int
		Me   *self
		Any  any
		Tail []int
	}
	s := &self{}
	s.Part, s.Me, s.Any, s.Tail = &s.A[2], s, &s.A, s.A[1:3]
	dup := copied(t, s, false)
	if dup.Part != &dup.A[2] || dup.Me != dup || dup.Any != any(&dup.A) || &dup.Tail[0] != &dup.A[1] {
		t.Error("a pointer to a part leads elsewhere")
	}
	v := self{}
	v.Part = &v.A[1]
	value, _, _ := PlanOf(reflect.TypeFor[self]()).Copy(reflect.ValueOf(&v).Elem())
	if d := value.Addr().Interface().(*self); d.Part != &d.A[1] {
		t.Error("a pointer to a part of the value itself leads elsewhere")
	}

	type wrapped struct{ In money }
	type outer struct {
		In  *money
		Out *wrapped
		N   *int64
	}
	w := &wrapped{money{1, "EUR"}}
	for _, v := range []outer{{&w.In, w, nil}, {&w.In, w, &w.In.Cents}} {
		if dup := copied(t, v, false); dup.In != &dup.Out.In || v.N != nil && dup.N != &dup.In.Cents {
			t.Error("a pointer to the first field leads elsewhere")
		}
	}

	m := map[string]int{"a": 1}
	maps := copied(t, []map[string]int{m, m}, false)
	maps[0]["a"] = 2
	if maps[1]["a"] != 2 || m["a"] != 1 {
		t.Error("one map became two")
	}
	many := make([]*item, 100)
	for i := range many {
		many[i] = &item{Count: i / 2}
		if i%2 == 1 {
			many[i] = many[i-1]
		}
	}
	dups := copied(t, many, false)
	for i := range dups {
		if dups[i] != dups[i/2*2] || dups[i] == many[i] || dups[i].Count != i/2 {
			t.Fatalf("element %d", i)
		}
	}
	anys := copied(t, []any{many, &many[7], many[3:9], [2]any{many[5], &m}}, false)
	if anys[1].(**item) != &anys[0].([]*item)[7] || &anys[2].([]*item)[0] != &anys[0].([]*item)[3] || anys[3].([2]any)[0] != any(anys[0].([]*item)[5]) {
		t.Error("references through interfaces were torn apart")
	}
}

func TestDetachKeepsReferencesToOneVariable(t *testing.T) {
	type both struct {
		First *item
		Items []item
		mu    sync.Mutex
		M     sync.Map
	}
	items := []item{{"a", 1}, {"b", 2}}
	p := PlanOf(reflect.TypeFor[both]())
	for range 3 {
		v := both{First: &items[1], Items: items}
		v.M.Store("k", &items[0])
		if bytes, shared := p.Detach(reflect.ValueOf(&v).Elem()); shared || bytes == 0 {
			t.Errorf("%d bytes, shared %v", bytes, shared)
		}
		k, _ := v.M.Load("k")
		if v.First != &v.Items[1] || &v.Items[0] == &items[0] || k != any(&v.Items[0]) {
			t.Error("a pointer to an element leads elsewhere")
		}
	}
}

func TestEqualByTheRule(t *testing.T) {
	now := time.Now()
	type stamped struct {
		at  time.Time
		sum *big.Int
		in  map[string]temperature
	}
	two := func(v int64) *big.Int { return new(big.Int).Sub(big.NewInt(v+1<<40), big.NewInt(1<<40)) }
	for name, pair := range map[string][2]any{
		"unexported times":       {stamped{at: now}, stamped{at: now.Round(0).UTC()}},
		"unexported big":         {stamped{sum: big.NewInt(0)}, stamped{sum: two(0)}},
		"unexported Equal":       {stamped{in: map[string]temperature{"a": {300}}}, stamped{in: map[string]temperature{"a": {300.2}}}},
		"big by value":           {*big.NewInt(0), *two(0)},
		"rationals":              {big.NewRat(1, 2), big.NewRat(2, 4)},
		"expressions":            {regexp.MustCompile("a"), regexp.MustCompile("a")},
		"locked and not":         {&account{Status: "a"}, func() *account { a := &account{Status: "a"}; a.mu.Lock(); return a }()},
		"errors of one text":     {errors.New("a"), errors.New("a")},
		"wrapped errors":         {fmt.Errorf("a: %w", io.EOF), fmt.Errorf("a: %w", io.EOF)},
		"list errors":            {listError{"a"}, listError{"a"}},
		"buffers":                {new(bytes.Buffer), bytes.NewBuffer([]byte{})},
		"builders":               {&strings.Builder{}, func() *strings.Builder { b := &strings.Builder{}; b.Grow(9); return b }()},
		"lists":                  {listOf(1, 2), listOf(1, 2)},
		"same context":           {t.Context(), t.Context()},
		"panicking Equal inside": {[]any{grumpy{1}}, []any{grumpy{1}}},
		"blank fields":           {struct{ _, A int }{A: 1}, struct{ _, A int }{A: 1}},
		"zone":                   {time.FixedZone("a", 1), time.FixedZone("a", 1)},
	} {
		if !equal(pair[0], pair[1]) || !equal(pair[1], pair[0]) {
			t.Errorf("%s: not equal", name)
		}
	}
	for name, pair := range map[string][2]any{
		"times":               {stamped{at: now}, stamped{at: now.Add(1)}},
		"big":                 {big.NewInt(1), big.NewInt(2)},
		"expressions":         {regexp.MustCompile("a"), regexp.MustCompile("b")},
		"errors":              {errors.New("a"), errors.New("b")},
		"errors of types":     {errors.New("a"), fmt.Errorf("a: %w", io.EOF)},
		"list errors":         {listError{"a"}, listError{"b"}},
		"nil and error":       {(*failure)(nil), &failure{}},
		"contexts":            {context.WithValue(t.Context(), now, 1), context.WithValue(t.Context(), now, 1)},
		"services":            {&service{}, &service{}},
		"lists":               {listOf(1, 2), listOf(1, 3)},
		"panicking Equal":     {[]any{grumpy{1}}, []any{grumpy{2}}},
		"sync.Map":            {mapOf(1, 2), mapOf(1, 3)},
		"longer sync.Map":     {mapOf(1, 2), mapOf(1, 2, 3, 4)},
		"fields of one error": {struct{ E *failure }{&failure{}}, struct{ E *failure }{}},
	} {
		if equal(pair[0], pair[1]) || equal(pair[1], pair[0]) {
			t.Errorf("%s: equal", name)
		}
	}
	if !equal(mapOf(1, []int{2}), mapOf(1, []int{2})) {
		t.Error("sync.Maps are not compared by content")
	}
}

func listOf(values ...any) *list.List {
	l := list.New()
	for _, v := range values {
		l.PushBack(v)
	}
	return l
}

func mapOf(pairs ...any) *sync.Map {
	m := &sync.Map{}
	for pair := range slices.Chunk(pairs, 2) {
		m.Store(pair[0], pair[1])
	}
	return m
}

func TestComparableIsEqual(t *testing.T) {
	type plain struct {
		A int8
		B string
		C [2]struct {
			D bool
			E uint64
		}
		_ int
		F netip.Addr
	}
	if !PlanOf(reflect.TypeFor[plain]()).Comparable() {
		t.Fatal("not comparable")
	}
	a := plain{A: 1, B: "b", F: netip.MustParseAddr("::1%a")}
	b := a
	b.B = strings.Clone(b.B)
	if a != b || !equal(a, b) {
		t.Error("not equal")
	}
	for _, change := range []func(*plain){func(p *plain) { p.A++ }, func(p *plain) { p.B = "c" }, func(p *plain) { p.C[1].D = true }, func(p *plain) { p.C[1].E = 1 },
		func(p *plain) { p.F = netip.MustParseAddr("::1%b") }} {
		c := a
		change(&c)
		if equal(a, c) || a == c {
			t.Errorf("equal: %v", c)
		}
	}
}

// The standard library is told by a list, which must not fall behind.
func TestStandardPackagesAreListed(t *testing.T) {
	out, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		if !isStandard(path) {
			t.Errorf("%s is missing", path)
		}
	}
	for _, path := range []string{"main", "example.com/a/internal/b", "shop", "internals/x", ""} {
		if isStandard(path) {
			t.Errorf("%q is taken for a standard package", path)
		}
	}
}
