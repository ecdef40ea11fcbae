package shop

import (
	"encoding/json"
	"log"
	"net/http"

	"github.com/saferunner/saferunner"
)

// Handler serves the shop: POST /orders checks out. In record mode GET
// /recorded/{run_id} shows what was recorded.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", postOrder)
	if saferunner.TestMode() {
		mux.HandleFunc("GET /recorded/{run_id}", getRecorded)
	}
	return mux
}

func postOrder(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Order Order
		Card  Card
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	receipt, err := Checkout(r.Context(), body.Order, body.Card) // r's ctx says who owns the calls
	if err != nil {
		log.Print(err) // names the call; the customer need not know
		http.Error(w, "try again", http.StatusBadGateway)
		return
	}
	writeJSON(w, receipt)
}

func getRecorded(w http.ResponseWriter, r *http.Request) {
	entries, err := saferunner.Calls(r.Context(), r.PathValue("run_id"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, entries)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client has gone
}
