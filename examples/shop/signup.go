package shop

import "context"

import "github.com/saferunner/saferunner"

// SendSMS is a task. Its function is unexported: the task is the only way to it.
var SendSMS = saferunner.Define("sms.send", sendSMS)

// SignUp welcomes a new customer.
func SignUp(ctx context.Context, phone string) error {
	return SendSMS.Do(ctx, "user.signed_up", SMS{To: phone, Text: "Welcome!"})
}

// SMS is a text message.
type SMS struct{ To, Text string }

func sendSMS(ctx context.Context, m SMS) error {
	return gateway.send(ctx, m.To, m.Text)
}
