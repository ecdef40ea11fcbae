package tasklist

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// json returns a node as JSON, in the order and with the numbers of the
// file. Variables in its texts are those of [file.text].
func (f *file) json(node ast.Node) (json.RawMessage, error) {
	var out bytes.Buffer
	if err := f.writeJSON(&out, node); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (f *file) writeJSON(out *bytes.Buffer, node ast.Node) error {
	switch n := node.(type) {
	case *ast.MappingNode:
		return f.writeObject(out, n)
	case *ast.SequenceNode:
		return f.writeArray(out, n)
	case *ast.NullNode:
		out.WriteString("null")
		return nil
	case *ast.BoolNode:
		fmt.Fprint(out, n.Value)
		return nil
	case *ast.IntegerNode, *ast.FloatNode:
		return f.writeNumber(out, n)
	case *ast.StringNode, *ast.LiteralNode:
		return f.writeString(out, n)
	default:
		return f.errorAt(first(node), "json holds %s; write a value that JSON has", describeJSON(node))
	}
}

func (f *file) writeObject(out *bytes.Buffer, node *ast.MappingNode) error {
	fields, err := f.mapping(node, "json", "{name: value}")
	if err != nil {
		return err
	}
	out.WriteByte('{')
	for i, field := range fields {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := f.fill(node.Values[i].Key, field.name)
		if err != nil {
			return err
		}
		writeText(out, name)
		out.WriteByte(':')
		if err := f.writeJSON(out, field.value); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

func (f *file) writeArray(out *bytes.Buffer, node *ast.SequenceNode) error {
	elements, err := f.elements(node)
	if err != nil {
		return err
	}
	out.WriteByte('[')
	for i, element := range elements {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := f.writeJSON(out, element); err != nil {
			return err
		}
	}
	out.WriteByte(']')
	return nil
}

// writeString writes a text; one without quotes that is a number to JSON,
// such as 1e5, is one.
func (f *file) writeString(out *bytes.Buffer, node ast.Node) error {
	text, _ := scalarText(node)
	if node.GetToken().Type == token.StringType && isNumber(text) {
		out.WriteString(text)
		return nil
	}
	text, err := f.fill(node, text)
	if err != nil {
		return err
	}
	writeText(out, text)
	return nil
}

// writeNumber writes a number as it stands, where JSON can.
func (f *file) writeNumber(out *bytes.Buffer, node ast.Node) error {
	if text := node.GetToken().Value; isNumber(text) {
		out.WriteString(text)
		return nil
	}
	if leadingZero.MatchString(node.GetToken().Value) {
		return f.errorAt(first(node), "json holds %s, where the leading zero may be meant or not; quote it, or remove the zero", node.GetToken().Value)
	}
	switch n := node.(type) {
	case *ast.IntegerNode: // such as 0x1F and 1_000
		fmt.Fprint(out, n.Value)
	case *ast.FloatNode:
		if math.IsInf(n.Value, 0) || math.IsNaN(n.Value) {
			return f.errorAt(first(node), "json holds a number that is too large; write it as text")
		}
		number, _ := json.Marshal(n.Value) // it is finite
		out.Write(number)
	}
	return nil
}

// leadingZero is a number of which YAML 1.1 makes an octal one.
var leadingZero = regexp.MustCompile(`^[-+]?0[0-9_]`)

func isNumber(text string) bool {
	return text != "" && (text[0] == '-' || '0' <= text[0] && text[0] <= '9') && json.Valid([]byte(text))
}

func writeText(out *bytes.Buffer, text string) {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string always encodes
	out.Truncate(out.Len() - 1)
}

func describeJSON(node ast.Node) string {
	switch node.(type) {
	case *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value
	default:
		return describe(node)
	}
}
