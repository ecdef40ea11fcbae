package saferunnertest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"encoding/json"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

// Letter has fields of all sorts.
type Letter struct {
	Body     string
	Data     []byte
	Hash     [32]byte
	ID       UUID
	From     netip.Addr
	Price    Decimal
	Amount   *big.Int
	Rate     *big.Float
	At       time.Time
	Wait     time.Duration
	Size     Size
	Weight   float64
	Err      error
	Any      any
	Done     func()
	Reply    chan int
	Items    []Item
	Table    map[string]int
	Raw      json.RawMessage
	Secret   string `saferunner:"redact"`
	Sealed   Sealed
	Stubborn Stubborn
	note     string
}

type (
	// UUID is an array that says itself what it is.
	UUID [16]byte
	// Decimal is a number in unexported fields.
	Decimal struct {
		value *big.Int
		exp   int32
	}
	// Size is a number with names.
	Size int
	// Item is a part.
	Item struct {
		SKU   string
		Count int
		Sub   *Item
	}
	// Sealed says the same of itself, whatever it holds.
	Sealed struct{ inside string }
	// Stubborn equals nothing.
	Stubborn struct{ A int }
)

func (u UUID) String() string                { return fmt.Sprintf("%x-%x", u[:4], u[4:]) }
func (d Decimal) String() string             { return fmt.Sprintf("%de%d", d.value, d.exp) }
func (s Size) String() string                { return [...]string{"small", "large"}[s%2] }
func (Sealed) String() string                { return "sealed" }
func (s Stubborn) Equal(other Stubborn) bool { return s.A == 0 && other.A == 0 }

var sendLetter = saferunner.Define("letter.send", func(context.Context, Letter) error { return nil })

func html(lines int) string {
	var b strings.Builder
	for i := range lines {
		fmt.Fprintf(&b, "<p>This is line %d of the body.</p>\n", i+1)
	}
	return b.String()
}

func noise(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		seed = seed*31 + 7
		b[i] = seed
	}
	return b
}

func greet() {}
func part()  {}

//go:noinline
func counter() func() { n := 0; return func() { n++ } }

// Each pair differs in a way of its own.
var letters = map[string][2]Letter{
	"text":                {{Body: "Thank you!"}, {Body: "Thanks!"}},
	"text-of-lines":       {{Body: html(40)}, {Body: strings.NewReplacer("line 9 of", "row 9 of", "line 30 of the", "line 30 of a").Replace(html(40))}},
	"text-inserted-line":  {{Body: html(5)}, {Body: strings.Replace(html(5), "<p>This is line 3", "<p>New</p>\n<p>This is line 3", 1)}},
	"text-all-lines":      {{Body: html(5000)}, {Body: strings.ToUpper(html(5000))}},
	"text-long-line":      {{Body: strings.Repeat("some words of a long line, ", 200)}, {Body: strings.Replace(strings.Repeat("some words of a long line, ", 200), "some words", "few words", 3)}},
	"text-one-huge-word":  {{Body: strings.Repeat("a", 100_000) + "b"}, {Body: strings.Repeat("a", 100_000) + "c"}},
	"text-space-at-end":   {{Body: html(6)}, {Body: strings.Replace(html(6), "body.</p>\n", "body.</p> \n", 1)}},
	"text-last-line-end":  {{Body: html(3)}, {Body: strings.TrimSuffix(html(3), "\n")}},
	"text-line-ends":      {{Body: html(300)}, {Body: strings.ReplaceAll(html(300), "\n", "\r\n")}},
	"text-look-alikes":    {{Body: "Re\u0301sume\u0301 of a"}, {Body: "R\u00e9sum\u00e9 of \u0430"}},
	"text-not-utf8":       {{Body: strings.Repeat("long ", 30) + "caf\xe9"}, {Body: strings.Repeat("long ", 30) + "caf\xe8"}},
	"bytes-short":         {{Data: []byte{1, 2, 3}}, {Data: []byte{1, 2, 4, 5}}},
	"bytes-one-of-many":   {{Data: noise(100<<10, 1)}, {Data: append(noise(100<<10-1, 1), 0)}},
	"bytes-all":           {{Data: noise(100<<10, 1)}, {Data: noise(100<<10, 2)}},
	"bytes-nil-and-empty": {{Data: nil}, {Data: []byte{}}},
	"bytes-in-array":      {{Hash: [32]byte{31: 1}}, {Hash: [32]byte{31: 2}}},
	"bytes-of-text":       {{Data: []byte("status=paid")}, {Data: []byte("status=open")}},
	"json":                {{Raw: json.RawMessage(`{"id":17,"lines":[` + strings.Repeat(`{"sku":"tea"},`, 30) + `{}]}`)}, {Raw: json.RawMessage(`{"id":18,"lines":[` + strings.Repeat(`{"sku":"tea"},`, 30) + `{}]}`)}},
	"uuid":                {{ID: UUID{1, 2, 3}}, {ID: UUID{1, 2, 4}}},
	"address":             {{From: netip.MustParseAddr("10.0.0.1")}, {From: netip.MustParseAddr("fe80::1%eth0")}},
	"decimal":             {{Price: Decimal{big.NewInt(1000), -2}}, {Price: Decimal{big.NewInt(1250), -2}}},
	"big-number":          {{Amount: big.NewInt(5)}, {Amount: new(big.Int).Lsh(big.NewInt(1), 200)}},
	"big-float":           {{Rate: big.NewFloat(0.5)}, {Rate: big.NewFloat(0.25)}},
	"number":              {{Weight: 0.1}, {Weight: math.NaN()}},
	"time":                {{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, {At: time.Date(2026, 1, 2, 3, 4, 5, 1, time.FixedZone("SAST", 7200))}},
	"duration":            {{Wait: time.Second}, {Wait: time.Minute}},
	"enum":                {{Size: 0}, {Size: 1}},
	"enum-same-name":      {{Size: 0}, {Size: 2}},
	"error":               {{Err: errors.New("no network")}, {Err: fmt.Errorf("send: %w", errors.New("no network"))}},
	"error-and-nil":       {{Err: nil}, {Err: errors.New("no network")}},
	"function-and-nil":    {{Done: nil}, {Done: counter()}},
	"function-other":      {{Done: greet}, {Done: part}},
	"function-same-place": {{Done: counter()}, {Done: counter()}},
	"channel-and-nil":     {{Reply: nil}, {Reply: make(chan int)}},
	"channel-other":       {{Reply: make(chan int)}, {Reply: make(chan int)}},
	"list-inserted":       {{Items: []Item{{SKU: "a"}, {SKU: "c"}}}, {Items: []Item{{SKU: "a"}, {SKU: "b", Count: 2}, {SKU: "c"}}}},
	"list-of-many":        {{Items: make([]Item, 3000)}, {Items: many(3000)}},
	"nested":              {{Items: []Item{{Sub: &Item{Sub: &Item{Count: 1}}}}}, {Items: []Item{{Sub: &Item{Sub: &Item{Count: 2}}}}}},
	"pointer-and-nil":     {{Items: []Item{{Sub: &Item{SKU: "a"}}}}, {Items: []Item{{Sub: nil}}}},
	"map-entries":         {{Table: map[string]int{"a": 1, "b": 2}}, {Table: map[string]int{"a": 3, "c": 2}}},
	"map-long-key":        {{Table: map[string]int{strings.Repeat("k", 5000): 1}}, {Table: map[string]int{strings.Repeat("k", 5000): 2}}},
	"other-type":          {{Any: 1}, {Any: int64(1)}},
	"same-type-name":      {{Any: localOne()}, {Any: localTwo()}},
	"long-values":         {{Any: strings.Fields(html(100))}, {Any: map[string]string{"a": html(100)}}},
	"redacted":            {{Secret: "4111"}, {Secret: "4112"}},
	"unexported":          {{note: "a"}, {note: "b"}},
	"says-the-same":       {{Sealed: Sealed{"a"}}, {Sealed: Sealed{"b"}}},
	"equals-nothing":      {{Stubborn: Stubborn{1}}, {Stubborn: Stubborn{1}}},
}

func many(n int) []Item {
	items := make([]Item, n)
	for i := range items {
		items[i] = Item{SKU: strings.Repeat("sku ", 50), Count: i}
	}
	return items
}

func localOne() any { type local struct{ A int }; return local{1} }
func localTwo() any { type local struct{ A int }; return local{1} }

// Each kind of difference is a file to read.
func TestDifferenceTexts(t *testing.T) {
	for name, pair := range letters {
		t.Run(name, func(t *testing.T) {
			fake := newFake(t)
			rec := saferunnertest.New(fake)
			if err := sendLetter.Do(rec.Context(), "letter", pair[1]); err != nil {
				t.Fatal(err)
			}
			rec.Assert("letter", sendLetter.With(pair[0]))
			got := fake.take()
			if !strings.Contains(got, "differs:\n") {
				t.Errorf("no difference in\n%s", got)
			}
			golden(t, filepath.Join("difference", name+".golden"), scrub(got))
		})
	}
}

// Lists that differ as lists.
func TestListTexts(t *testing.T) {
	long := func(i int) Letter { return Letter{Body: strings.Repeat("the same beginning ", 20) + fmt.Sprint(i)} }
	calls := func(order ...int) (list []saferunner.Call) {
		for _, i := range order {
			list = append(list, sendLetter.With(long(i)))
		}
		return list
	}
	upTo := func(n, from int) (list []int) {
		for i := range n {
			list = append(list, i+from)
		}
		return list
	}
	tests := map[string]struct{ want, got []saferunner.Call }{
		"order-of-one-task":  {calls(1, 2, 3, 4), calls(2, 3, 1, 4)},
		"order-of-many":      {calls(upTo(200, 0)...), calls(append(upTo(199, 1), 0)...)},
		"many-calls-differ":  {calls(upTo(200, 0)...), calls(upTo(200, 1000)...)},
		"many-calls-missing": {calls(upTo(2000, 0)...), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fake := newFake(t)
			rec := saferunnertest.New(fake)
			if len(tt.got) > 0 {
				if _, err := saferunner.Run(rec.Context(), "letters", tt.got...); err != nil {
					t.Fatal(err)
				}
			}
			rec.Assert("letters", tt.want...)
			golden(t, filepath.Join("difference", name+".golden"), scrub(fake.take()))
		})
	}
}

// What is cut is in files, whole.
func TestWholeTextsAreInFiles(t *testing.T) {
	fake := newFake(t)
	rec := saferunnertest.New(fake)
	want, got := html(5000), strings.ToUpper(html(5000))
	if err := sendLetter.Do(rec.Context(), "letter", Letter{Body: got}); err != nil {
		t.Fatal(err)
	}
	rec.Assert("letter", sendLetter.With(Letter{Body: want}))
	text := fake.take()
	match := regexp.MustCompile(`(?s)whole in (saferunner-1)\.want and saferunner-1\.got.*\nFiles are in (\S+)`).FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("no file is named in\n%s", text)
	}
	if match[2] != t.ArtifactDir() {
		t.Errorf("%s is not the folder of the test", match[2])
	}
	for ending, content := range map[string]string{".want": want, ".got": got} {
		if b, err := os.ReadFile(filepath.Join(match[2], match[1]+ending)); err != nil || string(b) != content {
			t.Errorf("%s has %d bytes, %v; want %d", ending, len(b), err, len(content))
		}
	}
}

// TestGoldenFilesAreFitToRead looks at all failure texts that are kept.
func TestGoldenFilesAreFitToRead(t *testing.T) {
	count := 0
	err := filepath.WalkDir("testdata", func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".golden" {
			return err
		}
		count++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		checkText(t, path, string(text))
		return nil
	})
	if err != nil || count < 60 {
		t.Errorf("%d files, %v", count, err)
	}
}

const maxFailure = 64 << 10

// checkText fails the test if a failure text is too long, or has a difference
// whose sides read the same.
func checkText(t *testing.T, name, text string) {
	t.Helper()
	if len(text) > maxFailure {
		t.Errorf("%s has %d bytes", name, len(text))
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		if strings.HasPrefix(line, indent+"want ") && indent != "" {
			want, n := side(lines[i:], indent+"want ")
			got, _ := side(lines[i+n:], indent+"got  ")
			if want == got {
				t.Errorf("%s: both sides read\n%s", name, want)
			}
		}
		if i > 0 && strings.HasPrefix(line, "        + ") && lines[i-1] == "        - "+line[10:] {
			t.Errorf("%s: both lines read\n%s", name, line)
		}
	}
}

// side is a side of a difference and how many lines it has.
func side(lines []string, prefix string) (text string, n int) {
	first, ok := strings.CutPrefix(lines[0], prefix)
	if !ok {
		return "nothing after " + prefix, 1
	}
	var b bytes.Buffer
	b.WriteString(first)
	for n = 1; n < len(lines); n++ {
		rest, ok := strings.CutPrefix(lines[n], strings.Repeat(" ", len(prefix)))
		if !ok {
			break
		}
		b.WriteString("\n" + rest)
	}
	return b.String(), n
}
