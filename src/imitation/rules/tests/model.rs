use serde_json::{Value, json};

use super::{PLAIN, RICH, meaningless, passes, with};

fn say(model: &str, role: &str, chunk: &Value) -> Value {
    let message = json!({"role": role, "content": [chunk, {"type": "text", "text": "a"}]});
    with(&json!({"model": model, "messages": [message]}))
}

#[test]
fn an_unknown_model_is_refused() {
    meaningless(&with(&json!({"model": "devstral-9"})), "1500", "Invalid model: devstral-9");
}

#[test]
fn an_effort_is_refused_by_a_model_that_does_not_reason() {
    for effort in ["none", "high"] {
        meaningless(
            &with(&json!({"reasoning_effort": effort})),
            "3051",
            "reasoning_effort is not enabled for this model",
        );
    }
}

#[test]
fn an_effort_the_model_does_not_have_is_refused_with_those_it_has() {
    meaningless(
        &with(&json!({"model": RICH, "reasoning_effort": "low"})),
        "3051",
        "reasoning_effort low is not supported for this model, \
         supported values: [<ReasoningEffort.none: 'none'>, <ReasoningEffort.high: 'high'>]",
    );
    passes(&with(&json!({"model": RICH, "reasoning_effort": "none"})));
}

#[test]
fn an_effort_that_is_no_word_of_mistrals_is_malformed() {
    super::malformed(
        &with(&json!({"model": RICH, "reasoning_effort": "ultra"})),
        "body.reasoning_effort: enum: Input should be 'none' or 'minimal' or 'low' or 'medium' or 'high' or 'xhigh' or 'max'",
    );
}

#[test]
fn an_image_needs_a_model_that_sees() {
    let image = json!({"type": "image_url", "image_url": "data:image/png;base64,AA=="});
    meaningless(&say(PLAIN, "user", &image), "3051", "Image input is not enabled for this model");
    passes(&say(RICH, "user", &image));
}

#[test]
fn thinking_needs_a_model_that_reasons() {
    let thought = json!({"type": "thinking", "thinking": [{"type": "text", "text": "a"}]});
    let replay = |model: &str| {
        with(&json!({"model": model, "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": [thought, {"type": "text", "text": "b"}]},
            {"role": "user", "content": "c"},
        ]}))
    };
    meaningless(&replay(PLAIN), "3051", "Thinking chunks are not enabled for this model");
    passes(&replay(RICH));
}

#[test]
fn greedy_sampling_needs_a_top_p_of_one() {
    let text = "top_p must be 1 when using greedy sampling.";
    meaningless(&with(&json!({"temperature": 0})), "3051", text);
    meaningless(&with(&json!({"temperature": 0.0, "top_p": 0.9})), "3051", text);
    passes(&with(&json!({"temperature": 0, "top_p": 1})));
    passes(&with(&json!({"temperature": 0.1})));
}

#[test]
fn an_answer_as_long_as_the_window_is_refused() {
    let text = "body.max_tokens: less_than: Input should be less than 10000";
    super::malformed(&with(&json!({"max_tokens": 10_000})), text);
    passes(&with(&json!({"max_tokens": 9_999})));
}

#[test]
fn sampling_that_no_hosted_model_has_is_refused() {
    meaningless(&with(&json!({"top_k": 5})), "3051", "top_k sampling is not enabled for this model");
    meaningless(
        &with(&json!({"prompt_mode": "reasoning"})),
        "3051",
        "Reasoning prompt mode is not enabled for this model",
    );
}
