package tasklist

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/vars"
)

// file is a file that is being read.
type file struct {
	name        string
	purpose     Purpose
	elsewhere   bool // what is being read executes where other variables may be set
	given       map[string]string
	environment vars.Lookup
}

// errorAt makes the error of something at a place.
func (f *file) errorAt(at *token.Token, format string, args ...any) error {
	e := &Error{File: f.name, Line: 1, Column: 1, Text: fmt.Sprintf(format, args...)}
	if at != nil && at.Position != nil {
		e.Line, e.Column = at.Position.Line, at.Position.Column
	}
	return e
}

const layout = "a file has run_id, and tasks with a list"

// parse returns the mapping that the file consists of.
func (f *file) parse(data []byte) (ast.Node, error) {
	switch {
	case len(data) > maxSize:
		return nil, f.errorAt(nil, "the file is larger than %d bytes; split the list", maxSize)
	case !utf8.Valid(data):
		return nil, f.errorAt(nil, "the file is not UTF-8 text; save it as YAML or JSON in UTF-8")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	parsed, err := f.syntax(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))) // the parser would keep it in quotes
	if err != nil {
		return nil, err
	}
	var root ast.Node
	for _, document := range parsed.Docs {
		switch {
		case document.Body == nil || document.Body.Type() == ast.DirectiveType:
		case root != nil:
			return nil, f.errorAt(first(document.Body), "a second document; keep one list in one file, without ---")
		default:
			root = document.Body
		}
	}
	if root == nil {
		return nil, f.errorAt(nil, "the file is empty; %s", layout)
	}
	return root, nil
}

// syntax parses YAML, of which JSON is a part. The parser is not ours: a
// panic of it is a fault of the file.
func (f *file) syntax(data []byte) (parsed *ast.File, err error) {
	defer func() {
		if recover() != nil {
			parsed, err = nil, f.errorAt(nil, "not YAML; check the syntax of the file")
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if err := cmp.Or(f.depth(tokens), f.tabs(tokens)); err != nil {
		return nil, err
	}
	parsed, err = parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if syntax, ok := errors.AsType[yaml.Error](err); ok {
		if indentedWithTab(data, syntax.GetToken()) {
			return nil, f.errorAt(syntax.GetToken(), "indent with spaces, not tabs")
		}
		return nil, f.errorAt(syntax.GetToken(), "not YAML: %s; correct the syntax here", syntax.GetMessage())
	}
	return parsed, err
}

// indentedWithTab reports whether a tab stands before the text of the line
// that a token is in.
func indentedWithTab(data []byte, at *token.Token) bool {
	if at == nil || at.Position == nil {
		return false
	}
	lines := bytes.Split(data, []byte("\n"))
	if n := at.Position.Line; 1 <= n && n <= len(lines) {
		line := lines[n-1]
		return bytes.ContainsRune(line[:len(line)-len(bytes.TrimLeft(line, " \t"))], '\t')
	}
	return false
}

// maxDepth limits how deep a file nests within a line or in brackets, where
// a few bytes would keep the parser busy for long.
const maxDepth = 100

func (f *file) depth(tokens token.Tokens) error {
	brackets, dashes, line := 0, 0, 0
	for _, tk := range tokens {
		if tk.Position.Line != line {
			line, dashes = tk.Position.Line, 0
		}
		switch tk.Type {
		case token.MappingStartType, token.SequenceStartType:
			brackets++
		case token.MappingEndType, token.SequenceEndType:
			brackets--
		case token.SequenceEntryType, token.MappingKeyType:
			dashes++
		}
		if brackets > maxDepth || dashes > maxDepth {
			return f.errorAt(tk, "nested deeper than %d levels; flatten it", maxDepth)
		}
	}
	return nil
}

// tabs refuses a tab in text, where the parser would drop it, or lose its
// place. Single quotes and blocks keep theirs.
func (f *file) tabs(tokens token.Tokens) error {
	block := false // the next text is that of a block
	for _, tk := range tokens {
		switch {
		case tk.Type == token.CommentType, tk.Type == token.InvalidType: // which has an error of its own
			continue
		case tk.Type == token.LiteralType, tk.Type == token.FoldedType:
			block = true
			continue
		case tk.Type == token.SingleQuoteType && tabAtEnd.MatchString(tk.Origin):
			return f.errorAt(tk, "a tab at the end of a line in single quotes; remove it")
		case tk.Type == token.SingleQuoteType, block, !tabWithin(tk.Origin):
		case tk.Type == token.DoubleQuoteType:
			return f.errorAt(tk, `a tab in double quotes; write \t`)
		default:
			return f.errorAt(tk, `a tab in text; write the text in double quotes, with \t`)
		}
		block = false
	}
	return nil
}

// tabAtEnd finds a tab that is not part of the text, and would be kept in it.
var tabAtEnd = regexp.MustCompile(`\t *\n`)

// tabWithin reports whether a tab stands between other text of a line.
func tabWithin(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.ContainsRune(strings.TrimSpace(line), '\t') {
			return true
		}
	}
	return false
}

// first returns the token at which a node begins.
func first(node ast.Node) *token.Token {
	switch n := node.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return first(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return first(n.Key)
	}
	return node.GetToken()
}
