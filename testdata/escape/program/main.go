// Program takes steps, one an argument, that try to make a side effect
// execute. It prints "executed" and the name of each that does.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/saferunner/saferunner"
)

var (
	plain = saferunner.Define("escape.plain", func(_ context.Context, what string) error {
		fmt.Println("executed", what)
		return nil
	})
	dry, _  = saferunner.New(saferunner.RecordOnly())
	live, _ = saferunner.New()
	nested  = saferunner.Define("escape.nested", func(ctx context.Context, _ string) error {
		fmt.Println("executed outer")
		say(dry.Run(ctx, "inner", plain.With("inner"), plain.With("inner async").Async()))
		under := saferunner.NewContext(saferunner.NewContext(ctx, dry), live)
		say(saferunner.Run(under, "inner", plain.With("inner"), nothing.With("inner async").Async()))
		return nil
	})
)

// nothing is a task beneath a dry one.
var nothing = saferunner.Define("escape.nothing", func(_ context.Context, what string) error {
	fmt.Println("executed", what)
	return nil
})

// handlerContext stands for a request.
type handlerContext struct {
	context.Context
	Request *http.Request
}

type key struct{}

func main() {
	ctx := context.Background()
	for _, step := range os.Args[1:] {
		name, value, _ := strings.Cut(step, "=")
		switch name {
		case "clear":
			os.Clearenv()
		case "unset":
			_ = os.Unsetenv(value)
		case "live":
			_ = os.Setenv("SAFERUNNER_MODE", "live")
		case "force":
			_ = os.Setenv("FORCE_RUN_SIDE_EFFECTS", value)
		case "run":
			say(saferunner.Run(ctx, "run", plain.With("sync"), plain.With("async").Async()))
		case "do":
			fmt.Println(plain.Do(ctx, "do", "do"))
		case "dry receiver":
			say(dry.Run(ctx, "dry", plain.With("dry"), plain.With("dry async").Async()))
		case "dry ctx":
			say(saferunner.Run(saferunner.NewContext(ctx, dry), "dry", plain.With("dry")))
		case "live over dry":
			say(saferunner.Run(saferunner.NewContext(saferunner.NewContext(ctx, dry), live), "dry", plain.With("dry")))
		case "nothing over dry":
			say(live.Run(saferunner.NewContext(saferunner.NewContext(ctx, dry), nil), "dry", plain.With("dry")))
		case "dry default":
			saferunner.SetDefault(dry)
			say(saferunner.Run(ctx, "dry", plain.With("dry")))
			saferunner.SetDefault(nil)
		case "start":
			err := live.Start(ctx, plain)
			fmt.Println("start:", err, errors.Is(err, saferunner.ErrMode))
			fmt.Println("again:", live.Start(ctx, plain))
		case "bad texts":
			for _, text := range []string{"", "a\x00b", "a\xffb", strings.Repeat("x", 257)} {
				say(saferunner.Run(ctx, "run", plain.With("first"), plain.With("key").Key(text), plain.With("key").Async().Key(text)))
				say(saferunner.Run(ctx, text, plain.With("run ID"), plain.With("run ID").Async()))
				fmt.Println(plain.Do(ctx, text, "Do"))
			}
		case "hidden dry":
			request, _ := http.NewRequestWithContext(saferunner.NewContext(ctx, dry), "GET", "/", nil)
			say(saferunner.Run(&handlerContext{saferunner.NewContext(ctx, live), request}, "dry", plain.With("hidden dry")))
			say(live.Run(handlerContext{ctx, request}, "dry", plain.With("hidden dry").Async()))
		case "dry in a ctx of its own":
			say(live.Run(struct{ context.Context }{saferunner.NewContext(ctx, dry)}, "dry", plain.With("own ctx")))
			detached := context.WithoutCancel(saferunner.NewContext(ctx, dry))
			say(saferunner.Run(context.WithValue(detached, key{}, 1), "dry", plain.With("detached"), plain.With("detached").Key("k").After(1)))
			_, err := live.RunTx(saferunner.NewContext(ctx, dry), "a transaction", "dry", plain.With("tx").Async())
			fmt.Println(err)
		case "nested":
			say(saferunner.Run(ctx, "outer", nested.With("")))
		case "nested async":
			report, err := saferunner.Run(ctx, "outer", nested.With("").Async())
			say(report, err)
			_ = report.Wait(ctx)
		}
	}
	_ = saferunner.Shutdown(ctx)
	_ = live.Shutdown(ctx)
	_ = dry.Shutdown(ctx)
}

func say(report *saferunner.Report, err error) {
	fmt.Println(report.Recorded(), err)
}
