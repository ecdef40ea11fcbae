package routers

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v3"
	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

func TestMain(m *testing.M) { saferunnertest.Main(m) }

// Routers on net/http get the recorder with the request's ctx.
func TestRouters(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	for name, router := range map[string]http.Handler{"gin": Gin(), "echo": Echo(), "chi": Chi()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := saferunnertest.New(t)
			request := httptest.NewRequestWithContext(rec.Context(), "POST", "/signup/+27821234567", nil)
			response := httptest.NewRecorder()
			router.ServeHTTP(response, request)
			if response.Code != http.StatusOK {
				t.Errorf("got %d: %s", response.Code, response.Body)
			}
			rec.Assert("user.signed_up", sendSMS.With("+27821234567"))
		})
	}
}

// custom is a Context of one's own on top of gin's.
type custom struct {
	*gin.Context
	User string
}

// A *gin.Context is looked through, whether or not gin hands on what it is
// asked for, and so is what is made from one.
func TestGinContext(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	for name, made := range map[string]func(*gin.Context) (context.Context, context.CancelFunc){
		"itself":   func(c *gin.Context) (context.Context, context.CancelFunc) { return c, func() {} },
		"custom":   func(c *gin.Context) (context.Context, context.CancelFunc) { return &custom{c, "ann"}, func() {} },
		"timeout":  func(c *gin.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(c, time.Minute) },
		"detached": func(c *gin.Context) (context.Context, context.CancelFunc) { return context.WithoutCancel(c), func() {} },
	} {
		for _, fallback := range []bool{false, true} {
			rec := saferunnertest.New(t)
			router := gin.New()
			router.ContextWithFallback = fallback
			router.POST("/", func(c *gin.Context) {
				ctx, cancel := made(c)
				defer cancel()
				_ = signUp(ctx, name)
			})
			router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(rec.Context(), "POST", "/", nil))
			rec.Assert("user.signed_up", sendSMS.With(name))
		}
	}
}

// A dry run of a request stays one, also where a test forces everything.
func TestDryRunOfARequest(t *testing.T) {
	dry, err := saferunner.New(saferunner.RecordOnly())
	if err != nil {
		t.Fatal(err)
	}
	rec := saferunnertest.New(t)
	rec.ForceAll()
	ctx := saferunner.NewContext(rec.Context(), dry)
	Gin().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "POST", "/signup/+27821234567", nil))
	rec.Assert("user.signed_up", sendSMS.With("+27821234567"))
	for _, call := range rec.All() {
		if call.Status != journal.StatusRecorded {
			t.Errorf("the call is %s", call.Status)
		}
	}
}

// A fiber.Ctx is looked through as well: it stands for the ctx that it was
// given. It is only read, so several goroutines may run calls with it.
func TestFiberCtx(t *testing.T) {
	rec := saferunnertest.New(t)
	app := fiber.New()
	app.Post("/", func(c fiber.Ctx) error {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { _ = signUp(c, "before it is given one") })
		}
		wg.Wait()
		c.SetContext(rec.Context())
		ctx, cancel := context.WithTimeout(c, time.Minute)
		defer cancel()
		return errors.Join(signUp(c, "itself"), signUp(ctx, "timeout"), signUp(c.RequestCtx(), "its request"))
	})
	response, err := app.Test(httptest.NewRequest("POST", "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	rec.Assert("user.signed_up", sendSMS.With("itself"), sendSMS.With("timeout"), sendSMS.With("its request"))
}

// Fiber is not built on net/http: App.Test does not hand on the ctx of the
// request, so a middleware of the test does.
func TestFiber(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	app := Fiber(func(c fiber.Ctx) error {
		c.SetContext(rec.Context())
		return c.Next()
	})
	response, err := app.Test(httptest.NewRequest("POST", "/signup/+27821234567", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	rec.Assert("user.signed_up", sendSMS.With("+27821234567"))
}
