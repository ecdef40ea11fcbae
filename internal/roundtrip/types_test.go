package roundtrip_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// The types that tests and fuzzing share: what people pass, and what encoding/json is odd about.
type (
	Item struct {
		SKU   string
		Count int
		done  bool
	}
	Order struct {
		ID       int64
		Items    []Item
		Placed   time.Time
		Shipped  *time.Time        `json:",omitzero"`
		Meta     map[string]string `json:"meta,omitempty"`
		Token    map[string]any    `saferunner:"redact"`
		Weight   float32
		internal string
	}
	Flat struct {
		A int
		B bool
		C uint8
		D [3]int16
		E time.Duration
		F *uint
		G map[int]bool
		H []byte
		_ struct{}
	}
	Base struct {
		ID   int    `json:",omitempty"`
		Name string `json:",omitzero"`
	}
	Sibling  struct{ Name string }
	lowered  struct{ Low int }
	code     int
	Embedded struct {
		Base
		*Sibling
		*lowered
		code
		Note string `json:"-"`
	}
	OnlyPointer struct {
		*Base
		X int
	}
	NamedInner struct {
		lowered `json:"low"`
	}
	Clash struct {
		A int `json:"B"`
		B int
		X int
		Y int `json:"y"`
	}
	Options struct {
		I  int             `json:",string"`
		S  string          `json:",string,omitempty"`
		F  *float64        `json:",string"`
		B  bool            `json:",string,omitzero"`
		N  json.Number     `json:",string"`
		NE json.Number     `json:",omitempty"`
		A  [0]int          `json:",omitempty"`
		M  map[string]int8 `json:",omitempty"`
		L  []string        `json:",omitempty"`
		T  time.Time       `json:",omitzero"`
		C  chan int        `json:",omitzero"`
		Z  Lenient         `json:",omitzero"`
		ZP *Lenient        `json:",omitzero"`
		ZT *time.Time      `json:",omitzero"`
		ZM *Tally          `json:",omitzero"`
		ZD Celsius         `json:",omitzero"`
	}
	Hooked struct {
		Name     string
		onChange func()
	}
	Pointers struct {
		P  *int
		PP **int
		PS *[]int
		PM *map[string]int
		PA *any
		PR *json.RawMessage
		PT **time.Time
		NT NamedTime
		PB *big.Int
	}
	NamedTime *time.Time
	Raw       struct {
		R json.RawMessage
		L []json.RawMessage
		M map[string]json.RawMessage `json:",omitempty"`
		E json.RawMessage            `json:",omitempty"`
	}
	Keys struct {
		S  map[string]string
		K  map[Kind]int
		I  map[int8]string
		U  map[uint64]bool
		A  map[netip.Addr]int
		L  map[Level]string
		FP map[float64]int   `json:",omitempty"`
		ST map[Text]int      `json:",omitempty"`
		TT map[time.Time]int `json:",omitempty"`
		OW map[OneWay]int    `json:",omitempty"`
		IF map[any]int       `json:",omitempty"`
	}
	Kind string
	List []List
	Tree struct {
		Left, Right *Tree
		Value       any
	}
	Self  *Self
	Anies struct {
		Any   any
		List  []any
		Map   map[string]any
		Error error
		Named Anything
	}
	Anything  any
	Functions struct {
		F func()     `json:",omitzero"`
		C chan int   `json:",omitempty"`
		Z complex128 `json:",omitzero"`
		P *func()
		L []chan int
	}
	Methods struct {
		Money  Money
		PMoney *Money
		IP     net.IP
		Addr   netip.Addr
		Level  Level
		Levels []Level
		Temp   Celsius
		Bytes  []Level8
	}
	Halves struct {
		O []OneWay8      `json:",omitempty"`
		W *OneWay        `json:",omitempty"`
		R *OtherWay      `json:",omitempty"`
		B *Big           `json:",omitempty"`
		V []Big          `json:",omitempty"`
		M map[string]Big `json:",omitempty"`
		X *Crossed       `json:",omitempty"`
		Q *Level         `json:",string,omitempty"`
	}
	Stamped struct { // inherits the methods of time.Time
		time.Time
		Label string
	}
	StampedDeep struct {
		N int
		Stamped
	}
	Overridden struct { // has its own
		time.Time
		Label string
	}
	StampedPointer struct {
		*Money
	}
	HalfOverridden struct { // writes by its own, reads by time.Time's
		time.Time
		Label string
	}
	Unnamed struct {
		S struct {
			A int
			b int
		}
		T struct{ time.Time }
	}
	Arrays struct {
		A [2]string
		B [2]*Item
		C [3]byte
		D [][2]float64
	}
)

// Lenient calls itself zero when Amount is.
type Lenient struct {
	Amount   int
	Currency string
}

func (l Lenient) IsZero() bool { return l.Amount == 0 }

// Tally calls itself zero when it is even.
type Tally int

func (t *Tally) IsZero() bool { return *t%2 == 0 }

// OneWay8 is only written, and of kind uint8.
type OneWay8 uint8

func (o OneWay8) MarshalText() ([]byte, error) { return []byte("one"), nil }

// Celsius has methods of its own and an IsZero.
type Celsius struct{ tenths int }

func (c Celsius) IsZero() bool { return c.tenths == 0 }
func (c Celsius) MarshalText() ([]byte, error) {
	return strconv.AppendInt(nil, int64(c.tenths), 10), nil
}
func (c *Celsius) UnmarshalText(b []byte) (err error) {
	c.tenths, err = strconv.Atoi(string(b))
	return err
}

// Money has both methods, with value and pointer receiver.
type Money struct{ cents int }

func (m Money) MarshalJSON() ([]byte, error)  { return strconv.AppendInt(nil, int64(m.cents), 10), nil }
func (m *Money) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &m.cents) }

// Big is written with a pointer receiver.
type Big struct{ n int }

func (b *Big) MarshalJSON() ([]byte, error)    { return strconv.AppendInt(nil, int64(b.n), 10), nil }
func (b *Big) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &b.n) }

// OneWay is only written.
type OneWay int

func (o OneWay) MarshalText() ([]byte, error) { return []byte("one"), nil }

// OtherWay is only read.
type OtherWay int

func (*OtherWay) UnmarshalJSON([]byte) error { return errors.New("never") }

// Crossed is written by the one and read by the other.
type Crossed int

func (Crossed) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }
func (*Crossed) UnmarshalText([]byte) error  { return nil }

// CrossedBack is written by the other and read by the one.
type CrossedBack int

func (CrossedBack) MarshalText() ([]byte, error) { return nil, nil }
func (*CrossedBack) UnmarshalText([]byte) error  { return nil }
func (*CrossedBack) UnmarshalJSON([]byte) error  { return nil }

// Level is text of kind int.
type Level int

func (l Level) MarshalText() ([]byte, error) { return []byte("level " + strconv.Itoa(int(l))), nil }
func (l *Level) UnmarshalText(b []byte) error {
	if len(b) < len("level ") {
		return errors.New("no level")
	}
	n, err := strconv.Atoi(string(b[len("level "):]))
	*l = Level(n)
	return err
}

// Level8 is text of kind uint8, so that a slice of it is no base64.
type Level8 uint8

func (l Level8) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(l), 10), nil }
func (l *Level8) UnmarshalText(b []byte) error {
	n, err := strconv.ParseUint(string(b), 10, 8)
	*l = Level8(n)
	return err
}

// Text is text of kind string, which JSON treats unlike other keys.
type Text string

func (t Text) MarshalText() ([]byte, error)  { return []byte("text " + t), nil }
func (t *Text) UnmarshalText(b []byte) error { *t = Text(b[len("text "):]); return nil }

type overridden struct {
	Seconds, Nanoseconds int64
	Label                []byte
}

func (o Overridden) MarshalJSON() ([]byte, error) {
	return json.Marshal(overridden{o.Time.Unix(), int64(o.Time.Nanosecond()), []byte(o.Label)})
}

func (o *Overridden) UnmarshalJSON(b []byte) error {
	var plain overridden
	err := json.Unmarshal(b, &plain)
	o.Time, o.Label = time.Unix(plain.Seconds, plain.Nanoseconds), string(plain.Label)
	return err
}

func (h HalfOverridden) MarshalJSON() ([]byte, error) { return json.Marshal(h.Label) }
