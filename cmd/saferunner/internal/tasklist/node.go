package tasklist

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/vars"
)

// field is one key of a mapping with its value.
type field struct {
	name  string
	key   *token.Token
	value ast.Node
}

// describe names what a node is, for an error.
func describe(node ast.Node) string {
	switch node.(type) {
	case *ast.MappingNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "empty"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return "an anchor, alias or tag, which are not supported"
	default:
		return "text or a number"
	}
}

// mapping returns the fields of a mapping, in order. No two have one name.
func (f *file) mapping(node ast.Node, what, example string) ([]field, error) {
	m, ok := node.(*ast.MappingNode)
	if !ok {
		return nil, f.errorAt(first(node), "%s is %s; write a mapping, such as %s", what, describe(node), example)
	}
	fields := make([]field, 0, len(m.Values))
	seen := map[string]*token.Token{}
	for _, value := range m.Values {
		name, ok := scalarText(value.Key)
		key := first(value.Key)
		if !ok {
			return nil, f.errorAt(key, "a key of %s is %s; write a plain name", what, describe(value.Key))
		}
		if earlier := seen[name]; earlier != nil {
			return nil, f.errorAt(key, "duplicate key %q in %s, first given in line %d; remove one", name, what, earlier.Position.Line)
		}
		seen[name] = key
		fields = append(fields, field{name, key, value.Value})
	}
	return fields, nil
}

// sequence returns the elements of a list.
func (f *file) sequence(node ast.Node, what, example string) ([]ast.Node, error) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return nil, f.errorAt(first(node), "%s is %s; write a list, such as %s", what, describe(node), example)
	}
	if len(list.Values) == 0 {
		return nil, f.errorAt(first(node), "%s is empty; write at least one element, such as %s", what, example)
	}
	return f.elements(list)
}

// elements returns the elements of a list, those such as 8080:80 as text.
func (f *file) elements(list *ast.SequenceNode) ([]ast.Node, error) {
	elements := slices.Clone(list.Values)
	for i, element := range elements {
		pair, ok := element.(*ast.MappingNode)
		if !ok || !list.IsFlowStyle || pair.IsFlowStyle {
			continue
		}
		text := colonText(pair)
		if text == nil {
			return nil, f.errorAt(first(pair), "a : in a list in brackets; quote the element if it is text, else write {name: value}")
		}
		elements[i] = text
	}
	return elements, nil
}

// colonText returns the text that the parser has taken for a mapping, as it
// does with a:b in a list in brackets within braces; nil if it is none.
func colonText(pair *ast.MappingNode) ast.Node {
	if len(pair.Values) != 1 {
		return nil
	}
	before, plain := plainText(pair.Values[0].Key)
	after, alsoPlain := plainText(pair.Values[0].Value)
	if !plain || !alsoPlain || strings.Contains(after, ": ") {
		return nil
	}
	key, colon, value := first(pair), pair.Values[0].Start.Position, pair.Values[0].Value.GetToken().Position
	if colon.Line != value.Line || colon.Column+1 != value.Column ||
		key.Position.Line != colon.Line || key.Position.Column+utf8.RuneCountInString(before) != colon.Column {
		return nil
	}
	return ast.String(&token.Token{Type: token.StringType, Value: before + ":" + after, Position: key.Position})
}

// plainText is scalarText for a scalar without quotes.
func plainText(node ast.Node) (string, bool) {
	text, ok := scalarText(node)
	if tk := node.GetToken(); tk.Type == token.SingleQuoteType || tk.Type == token.DoubleQuoteType {
		return "", false
	}
	return text, ok
}

// scalarText returns the text of a scalar as it was written, numbers and
// booleans included.
func scalarText(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	default:
		return "", false
	}
}

// raw returns a text in which no variable is looked for.
func (f *file) raw(node ast.Node, what string) (string, error) {
	text, ok := scalarText(node)
	switch {
	case !ok:
		return "", f.errorAt(first(node), "%s is %s; write text", what, describe(node))
	case strings.Contains(text, "\x00"):
		return "", f.errorAt(first(node), "%s holds a NUL character; remove it", what)
	case !utf8.ValidString(text):
		return "", f.errorAt(first(node), "%s is not valid UTF-8; correct its escapes", what)
	}
	return text, nil
}

// text returns a text in which given variables are filled in, while those of
// the environment, which must be set, are left for execution.
func (f *file) text(node ast.Node, what string) (string, error) {
	text, err := f.raw(node, what)
	if err != nil {
		return "", err
	}
	return f.fill(node, text)
}

func (f *file) fill(node ast.Node, text string) (string, error) {
	names, err := vars.Names(text)
	if err != nil {
		return "", f.variableError(node, err)
	}
	for _, name := range names {
		if _, ok := f.given[name]; ok {
			continue
		}
		if _, ok := f.environment(name); !ok && !f.elsewhere {
			return "", f.errorAt(first(node), "${%s} is not set; export it, pass --var %s=VALUE, or write $${%s} to leave it to the command", name, name, name)
		}
	}
	return vars.Fill(text, f.given)
}

// expanded returns a text that goes to the journal as it is: only given
// variables may stand in it.
func (f *file) expanded(node ast.Node, what string) (string, error) {
	text, err := f.raw(node, what)
	if err != nil {
		return "", err
	}
	text, err = vars.Expand(text, func(name string) (string, bool) {
		value, ok := f.given[name]
		return value, ok
	})
	if unset, ok := errors.AsType[*vars.UnsetError](err); ok {
		if f.purpose == Work {
			return f.raw(node, what)
		}
		return "", f.errorAt(first(node), "${%s} in %s is not given; %[2]s is written to the journal, so pass --var %[1]s=VALUE", unset.Name, what)
	}
	if err != nil {
		return "", f.variableError(node, err)
	}
	return text, nil
}

func (f *file) variableError(node ast.Node, err error) error {
	if syntax, ok := errors.AsType[*vars.SyntaxError](err); ok {
		return f.errorAt(first(node), "%v; write ${NAME}, or $%s to leave it to the command", err, syntax.Text)
	}
	return f.errorAt(first(node), "%v", err)
}

func (f *file) boolean(node ast.Node, what string) (bool, error) {
	b, ok := node.(*ast.BoolNode)
	if !ok {
		return false, f.errorAt(first(node), "%s is %s; write true or false", what, value(node))
	}
	return b.Value, nil
}

func (f *file) duration(node ast.Node, what string) (time.Duration, error) {
	text, ok := scalarText(node)
	d, err := time.ParseDuration(text)
	if !ok || err != nil || d <= 0 {
		return 0, f.errorAt(first(node), "%s is %s; write a positive duration with its unit, such as 500ms, 5s or 1m30s", what, value(node))
	}
	return d, nil
}

func (f *file) count(node ast.Node, what string) (int, error) {
	n, ok := node.(*ast.IntegerNode)
	if ok {
		if number, ok := n.Value.(uint64); ok && number >= 1 && number <= maxCount {
			return int(number), nil
		}
	}
	return 0, f.errorAt(first(node), "%s is %s; write a whole number from 1 to %d", what, value(node), maxCount)
}

const maxCount = 1000

// value shows a scalar, or what else a node is, for an error.
func value(node ast.Node) string {
	if text, ok := scalarText(node); ok {
		if len(text) > 40 {
			text = strings.ToValidUTF8(text[:40], "") + "…"
		}
		return strconv.Quote(text)
	}
	return describe(node)
}
