package jsonfields_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/internal/jsonfields"
)

// pieces of which fuzzing makes tags.
var (
	tagNames   = []string{"", "", "A", "B", "a", "-", "x y", "ü", "日本", "_", "a.b", "$ref", "@id", "bad\"name", "it's", `back\slash`, "tick`", "\xff", "\x00", "☃", "a\tb", "'q'", "'q'x", "'", "{}", "%d", "<a&b>"}
	tagOptions = []string{"omitempty", "omitzero", "string", "", "embed", "case:ignore", "case:strict", "format:x", "inline", "omitEmpty", " omitempty", "omitempty ", "omitempty:x", "'omitempty'", "string1", "embed:", "readonly", "a b", "ünknown", "1"}
	fieldTypes = []reflect.Type{
		reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[*int](), reflect.TypeFor[[]int](), reflect.TypeFor[map[string]int](),
		reflect.TypeFor[any](), reflect.TypeFor[Base](), reflect.TypeFor[*Base](), reflect.TypeFor[Tagged](), reflect.TypeFor[float64](),
		reflect.TypeFor[bool](), reflect.TypeFor[byValue](), reflect.TypeFor[json.RawMessage](), reflect.TypeFor[[0]int](), reflect.TypeFor[time.Time](),
	}
	embeddable = []reflect.Type{reflect.TypeFor[Base](), reflect.TypeFor[*Base](), reflect.TypeFor[Other](), reflect.TypeFor[Tagged](), reflect.TypeFor[Twice1](), reflect.TypeFor[*Twice2](), reflect.TypeFor[Loop]()}
)

// structOf makes a struct type of up to six fields out of data.
func structOf(data []byte) reflect.Type {
	next := func(n int) int {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return int(b) % n
	}
	var fields []reflect.StructField
	used := map[string]bool{}
	for range next(6) + 1 {
		f := reflect.StructField{Name: string(rune('A' + next(6))), Type: fieldTypes[next(len(fieldTypes))]}
		if next(4) == 0 {
			f.Type, f.Anonymous = embeddable[next(len(embeddable))], true
			f.Name = f.Type.Name()
			if f.Type.Kind() == reflect.Pointer {
				f.Name = f.Type.Elem().Name()
			}
		}
		tag := tagNames[next(len(tagNames))]
		for range next(3) {
			tag += "," + tagOptions[next(len(tagOptions))]
		}
		if next(5) > 0 {
			f.Tag = reflect.StructTag("json:" + quoted(tag))
		}
		if !used[f.Name] {
			used[f.Name] = true
			fields = append(fields, f)
		}
	}
	return reflect.StructOf(fields)
}

// quoted is like strconv.Quote, but keeps bytes that are not UTF-8.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\xff", `\xff`, "\x00", `\x00`, "\t", `\t`).Replace(s) + `"`
}

// FuzzOf holds that the lists agree with the encoding/json of the Go that runs
// this, unless they say that a tag is odd.
func FuzzOf(f *testing.F) {
	for i := range 40 {
		f.Add([]byte(strings.Repeat(string(rune(i)), i)))
	}
	f.Fuzz(func(t *testing.T, data []byte) { agrees(t, structOf(data[:min(len(data), 60)])) })
}

// agrees reports whether the lists of typ are not odd.
func agrees(t *testing.T, typ reflect.Type) bool {
	t.Helper()
	s := jsonfields.Of(typ)
	if len(s.Odd) > 0 {
		return false
	}
	v := reflect.New(typ).Elem()
	fill(v, 3)
	var want []string
	for i := range s.Fields {
		f := &s.Fields[i]
		if at, ok := f.Reach(v); ok && !f.Omitted(at) {
			want = append(want, f.Name)
		}
	}
	b, err := json.Marshal(v.Interface())
	if err != nil {
		t.Fatalf("%v: %v", typ, err)
	}
	if got := keys(t, b); !slices.Equal(got, want) {
		t.Fatalf("%v:\nencoding/json writes %q\nthe list has        %q", typ, got, want)
	}
	for i := range s.Fields { // each is read under its name, into its place
		f := &s.Fields[i]
		if f.Type != reflect.TypeFor[int]() || f.Quoted {
			continue
		}
		back := reflect.New(typ)
		name, _ := json.Marshal(f.Name)
		if err := json.Unmarshal([]byte("{"+string(name)+":5}"), back.Interface()); err != nil {
			t.Fatalf("%v: %v", typ, err)
		}
		if at, ok := f.Reach(back.Elem()); !ok || at.Int() != 5 {
			t.Fatalf("%v: %s is not read into %v", typ, f.Name, f.Index)
		}
	}
	return true
}

// fill sets every other field, so that omitempty and omitzero have both.
func fill(v reflect.Value, depth int) {
	if depth == 0 {
		return
	}
	for i := range v.NumField() {
		switch at := v.Field(i); {
		case at.Kind() == reflect.Struct && v.Type().Field(i).Anonymous:
			fill(at, depth-1)
		case !at.CanSet() || i%2 == 0 && !v.Type().Field(i).Anonymous:
		case at.Kind() == reflect.Int:
			at.SetInt(7)
		case at.Kind() == reflect.String:
			at.SetString("x")
		case at.Kind() == reflect.Pointer:
			at.Set(reflect.New(at.Type().Elem()))
			if at.Type().Elem().Kind() == reflect.Struct {
				fill(at.Elem(), depth-1)
			}
		}
	}
}

// TestOfAgreesOverTags is the fuzz test on fixed random values; it shows as
// well that most tags are not odd.
func TestOfAgreesOverTags(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	plain := 0
	for range 4000 {
		data := make([]byte, 60)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		if agrees(t, structOf(data)) {
			plain++
		}
	}
	if plain < 500 || plain > 3500 {
		t.Errorf("%d of 4000 types have no odd tags", plain)
	}
}

// TestOddTags holds for each tag alone whether it is odd.
func TestOddTags(t *testing.T) {
	for tag, odd := range map[string]bool{
		``: false, `a`: false, `a,omitempty`: false, `,omitzero,string`: false, `-`: false, `-,`: false, `a b`: false, `a,inline`: false, `a, omitempty`: false, `é.$`: false, `a,omitEmpty`: false,
		`a'b`: true, `'a'`: true, `a\b`: true, `☃`: true, `a,embed`: true, `,case:ignore`: true, `a,format:x`: true, `a,omitempty:x`: true, `a,string `: true, `a"`: true,
	} {
		typ := reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[int](), Tag: reflect.StructTag("json:" + quoted(tag))}})
		if got := len(jsonfields.Of(typ).Odd) > 0; got != odd {
			t.Errorf("%s: odd is %v", tag, got)
		}
	}
}
