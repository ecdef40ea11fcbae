// Package routers shows how handlers of four routers hand on the ctx of their
// request, so that a test's recorder owns what they call.
package routers

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gofiber/fiber/v3"
	"github.com/labstack/echo/v5"
	"github.com/saferunner/saferunner"
)

var sendSMS = saferunner.Define("sms.send", func(context.Context, string) error { return nil })

func signUp(ctx context.Context, phone string) error { return sendSMS.Do(ctx, "user.signed_up", phone) }

// Gin returns a router of gin. Its Context is looked through: it stands for
// the ctx of its request.
func Gin() http.Handler {
	router := gin.New()
	router.POST("/signup/:phone", func(c *gin.Context) {
		if err := signUp(c, c.Param("phone")); err != nil { // or c.Request.Context()
			_ = c.AbortWithError(http.StatusBadGateway, err)
		}
	})
	return router
}

// Echo returns a router of echo.
func Echo() http.Handler {
	router := echo.New()
	router.POST("/signup/:phone", func(c *echo.Context) error {
		return signUp(c.Request().Context(), c.Param("phone"))
	})
	return router
}

// Chi returns a router of chi. Its handlers are those of net/http.
func Chi() http.Handler {
	router := chi.NewRouter()
	router.Post("/signup/{phone}", func(w http.ResponseWriter, r *http.Request) {
		if err := signUp(r.Context(), chi.URLParam(r, "phone")); err != nil {
			http.Error(w, "try again", http.StatusBadGateway)
		}
	})
	return router
}

// Fiber returns an app of fiber, with middleware that comes first.
func Fiber(first ...any) *fiber.App {
	app := fiber.New()
	if len(first) > 0 {
		app.Use(first...)
	}
	app.Post("/signup/:phone", func(c fiber.Ctx) error {
		return signUp(c.Context(), c.Params("phone"))
	})
	return app
}
