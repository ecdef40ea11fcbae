package routers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v3"
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

// What is made from a *gin.Context is looked through as well.
func TestGinContextWithTimeout(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	rec := saferunnertest.New(t)
	router := gin.New()
	router.POST("/", func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c, time.Minute)
		defer cancel()
		_ = signUp(ctx, "+27821234567")
	})
	router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(rec.Context(), "POST", "/", nil))
	rec.Assert("user.signed_up", sendSMS.With("+27821234567"))
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
