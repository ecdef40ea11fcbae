// Package jsonfields lists the fields of a struct type as encoding/json sees
// them: which ones it writes and reads, under which names, and which ones it
// leaves out.
//
// The lists are computed anew on each call; whoever needs them often keeps them
// in a plan of its own.
package jsonfields

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// Struct is what encoding/json makes of a struct type.
type Struct struct {
	Fields   []Field   // written and read, in the order of writing
	Lost     []Lost    // neither written nor read
	Pointers []Pointer // embedded pointers to structs whose fields are promoted
	Odd      []Odd     // fields of which versions of encoding/json make different things
}

// Odd is a field whose tag is read in one way by the encoding/json up to Go
// 1.26 and in another by the one that runs on encoding/json/v2.
type Odd struct {
	Index []int
	Tag   string // of the field
}

// Field is a field that encoding/json writes, perhaps promoted from an embedded struct.
type Field struct {
	Name      string // in JSON
	Index     []int  // the way from the struct, as in reflect.StructField
	Type      reflect.Type
	Exported  bool // false only for an unexported embedded struct that has a JSON name
	OmitEmpty bool
	OmitZero  bool
	Quoted    bool // the option "string" applies

	isZero func(reflect.Value) bool // the type's IsZero method, if OmitZero
	tagged bool                     // the name comes from the tag
	copies int                      // how often the embedding struct is embedded at its depth
}

// Reason says why a field is left out.
type Reason int

// The reasons for which encoding/json leaves out a field.
const (
	Unexported Reason = iota // it is not exported
	Ignored                  // it is tagged json:"-"
	Shadowed                 // another field has its JSON name
)

// Lost is a field that encoding/json leaves out.
type Lost struct {
	Index  []int
	Reason Reason
}

// Pointer is an embedded pointer to a struct whose fields are promoted.
type Pointer struct {
	Index    []int
	Exported bool // if not, encoding/json cannot set it when it decodes
}

// Of lists the fields of t, which must be a struct type. It looks at struct
// tags and embedding alone: methods for JSON that t may have are ignored. Where
// it lists fields as odd, the rest holds for Go 1.26 only.
func Of(t reflect.Type) Struct {
	s := &collector{seen: map[reflect.Type]bool{}}
	level := []embedded{{typ: t}}
	for len(level) > 0 {
		copies := map[reflect.Type]int{}
		for _, e := range level {
			copies[e.typ]++
		}
		s.next = nil
		for _, e := range level {
			if s.seen[e.typ] {
				s.lose(e.index, Shadowed)
				continue
			}
			s.seen[e.typ] = true
			s.scan(e, copies[e.typ])
		}
		level = s.next
	}
	s.resolve()
	return s.Struct
}

// embedded is a struct whose fields are promoted, by its way from the root.
type embedded struct {
	typ   reflect.Type
	index []int
}

type collector struct {
	Struct
	candidates []Field
	seen       map[reflect.Type]bool
	next       []embedded // one level of embedding deeper
}

func (c *collector) lose(index []int, why Reason) {
	c.Lost = append(c.Lost, Lost{Index: index, Reason: why})
}

// scan sorts the fields of one struct into candidates, lost ones and embedded structs.
func (c *collector) scan(e embedded, copies int) {
	for i := range e.typ.NumField() {
		sf := e.typ.Field(i)
		index := append(slices.Clone(e.index), i)
		tag := sf.Tag.Get("json")
		target := pointee(sf.Type)
		switch {
		case !sf.IsExported() && !(sf.Anonymous && target.Kind() == reflect.Struct):
			c.lose(index, Unexported)
			continue
		case tag == "-":
			c.lose(index, Ignored)
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if name != "" && !validName(name) || oddOptions(options) {
			c.Odd = append(c.Odd, Odd{Index: index, Tag: tag})
		}
		if !validName(name) {
			name = ""
		}
		if name == "" && sf.Anonymous && target.Kind() == reflect.Struct {
			if sf.Type.Kind() == reflect.Pointer {
				c.Pointers = append(c.Pointers, Pointer{Index: index, Exported: sf.IsExported()})
			}
			c.next = append(c.next, embedded{typ: target, index: index})
			continue
		}
		c.candidates = append(c.candidates, newField(sf, name, options, index, copies))
	}
}

func newField(sf reflect.StructField, name, options string, index []int, copies int) Field {
	f := Field{Name: name, Index: index, Type: sf.Type, Exported: sf.IsExported(), tagged: name != "", copies: copies}
	if name == "" {
		f.Name = sf.Name
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty":
			f.OmitEmpty = true
		case "omitzero":
			f.OmitZero = true
			f.isZero = zeroMethod(sf.Type)
		case "string":
			f.Quoted = quotable(pointee(sf.Type).Kind())
		}
	}
	return f
}

// resolve keeps, of the candidates for each name, the one that encoding/json
// keeps: the least deep, among those the one named by its tag, and none if that
// leaves more than one.
func (c *collector) resolve() {
	byName := map[string][]Field{}
	for _, f := range c.candidates {
		byName[f.Name] = append(byName[f.Name], f)
	}
	for _, f := range c.candidates {
		better, equal := false, 0
		for _, r := range byName[f.Name] { // f is one of them
			switch rank(r, f) {
			case -1:
				better = true
			case 0:
				equal += r.copies
			}
		}
		if better || equal > 1 {
			c.lose(f.Index, Shadowed)
			continue
		}
		c.Fields = append(c.Fields, f)
	}
	slices.SortFunc(c.Fields, func(a, b Field) int { return slices.Compare(a.Index, b.Index) })
}

// rank compares two fields of one name: negative if a hides b.
func rank(a, b Field) int {
	switch {
	case len(a.Index) < len(b.Index):
		return -1
	case len(a.Index) > len(b.Index):
		return 1
	case a.tagged == b.tagged:
		return 0
	case a.tagged:
		return -1
	}
	return 1
}

// pointee is what an unnamed pointer type points to, else t itself.
func pointee(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		return t.Elem()
	}
	return t
}

func quotable(k reflect.Kind) bool {
	return k >= reflect.Bool && k <= reflect.Float64 || k == reflect.String
}

// oddOptions reports whether options has some that encoding/json does not take
// or leave in every version.
func oddOptions(options string) bool {
	for option := range strings.SplitSeq(options, ",") {
		end := strings.IndexFunc(option, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsNumber(r) })
		word := option
		if end >= 0 {
			word = option[:end]
		}
		switch word {
		case "case", "embed", "format":
			return true
		case "omitempty", "omitzero", "string":
			if word != option {
				return true
			}
		}
	}
	return false
}

// validName reports whether encoding/json takes s as a name from a tag, in
// every version. With another one Go 1.26 uses the field's own name.
func validName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r)
	})
}
