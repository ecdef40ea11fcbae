package snapshot

import (
	"bytes"
	"container/list"
	"container/ring"
	"fmt"
	"io"
	"math/big"
	"net/netip"
	"net/url"
	"os/exec"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
	"unique"
	"weak"
)

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
	buf.Next(1)
	dupBuf := copied(t, buf, false)
	buf.Bytes()[0] = 'x'
	if dupBuf.String() != "bc" {
		t.Errorf("bytes.Buffer is %q", dupBuf)
	}
	reader := strings.NewReader("abc")
	dupReader := copied(t, reader, false)
	reader.Reset("")
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
