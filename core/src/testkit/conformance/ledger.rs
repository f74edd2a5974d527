//! The suite of [`Ledger`].

use super::{Case, Verdict};
use crate::{
    cases,
    domain::{CallEnd, DataClass, ModelCall, Purpose, Timestamp, Tokens, Usage, day},
    ensure,
    ports::Ledger,
    testkit::samples::{at, call, failure, id},
};

/// Every promise of [`Ledger`], for a store that holds no call.
pub const CASES: &[Case<dyn Ledger>] = cases![dyn Ledger;
    "a call reads back equal, whatever text it holds" =>
        a_call_reads_back_equal_whatever_text_it_holds,
    "a call written again takes the place of the former" =>
        a_call_written_again_takes_the_place_of_the_former,
    "the calls of an analysis are oldest first, and of no other analysis or workspace" =>
        the_calls_of_an_analysis_are_oldest_first_and_of_no_other_analysis_or_workspace,
    "an answer is found by its key, the newest, only in its own workspace" =>
        an_answer_is_found_by_its_key_the_newest_only_in_its_own_workspace,
    "a call without an answer is no answer" => a_call_without_an_answer_is_no_answer,
    "what was spent on a day is the sum of its calls, of one workspace" =>
        what_was_spent_on_a_day_is_the_sum_of_its_calls_of_one_workspace,
    "usage is summed by day and model, in this order, from the first to the last day asked for" =>
        usage_is_summed_by_day_and_model_in_this_order_from_the_first_to_the_last_day_asked_for,
];

async fn a_call_reads_back_equal_whatever_text_it_holds(ledger: &dyn Ledger) -> Verdict {
    let odd = "\0 '\"\\ $where a.b \u{1F980} \u{202E} %_ {}".to_owned();
    let plain = call("plain", 0);
    let mut full = ModelCall {
        purpose: Purpose::Repair,
        model: format!("openai/{odd}"),
        key: odd.clone(),
        duration_ms: 1234,
        end: CallEnd::Unusable,
        error: Some(failure()),
        answer: Some(odd.repeat(1000)),
        cost: 9_007_199_254_740_993,
        ..call("full", 1)
    };
    if let Some(egress) = &mut full.egress {
        egress.destination.clone_from(&odd);
        egress.remote = false;
        egress.redacted = [("email".to_owned(), 2), (odd, 1)].into();
        egress.withheld = DataClass::ALL.to_vec();
    }
    let nothing_sent = ModelCall {
        egress: None,
        end: CallEnd::NotSent,
        ..call("nothing", 2)
    };
    let calls = [plain, full, nothing_sent];
    for call in &calls {
        ledger.write(call).await?;
    }
    let found = ledger.of_analysis(&id("ws"), &id("analysis")).await?;
    ensure!(found == calls, "{found:?}");
    Ok(())
}

async fn a_call_written_again_takes_the_place_of_the_former(ledger: &dyn Ledger) -> Verdict {
    let open = ModelCall {
        end: CallEnd::Sent,
        answer: None,
        cost: 500,
        ..call("one", 0)
    };
    ledger.write(&open).await?;
    let ended = ModelCall {
        cost: 70,
        ..call("one", 0)
    };
    ledger.write(&ended).await?;
    let found = ledger.of_analysis(&id("ws"), &id("analysis")).await?;
    ensure!(found == [ended], "{found:?}");
    let spent = ledger.spent(&id("ws"), day(at(0))).await?;
    ensure!(spent == 70, "{spent}");
    Ok(())
}

async fn the_calls_of_an_analysis_are_oldest_first_and_of_no_other_analysis_or_workspace(
    ledger: &dyn Ledger,
) -> Verdict {
    let own = ["b", "a", "c"].into_iter().zip([0, 1, 1]);
    let own: Vec<ModelCall> = own.map(|(name, seconds)| call(name, seconds)).collect();
    let others = [
        ModelCall {
            analysis_id: Some(id("other")),
            ..call("d", 0)
        },
        ModelCall {
            analysis_id: None,
            ..call("e", 0)
        },
        ModelCall {
            workspace_id: id("other"),
            ..call("f", 0)
        },
    ];
    for call in own.iter().rev().chain(&others) {
        ledger.write(call).await?;
    }
    let found = ledger.of_analysis(&id("ws"), &id("analysis")).await?;
    ensure!(found == own, "{found:?}");
    let unknown = ledger.of_analysis(&id("ws"), &id("unknown")).await?;
    ensure!(unknown.is_empty(), "{unknown:?}");
    Ok(())
}

async fn an_answer_is_found_by_its_key_the_newest_only_in_its_own_workspace(
    ledger: &dyn Ledger,
) -> Verdict {
    let calls = [("old", 0), ("new", 5), ("older", -5)].map(|(name, at)| call(name, at));
    for call in &calls {
        ledger.write(call).await?;
    }
    let foreign = ModelCall {
        workspace_id: id("other"),
        ..call("foreign", 9)
    };
    ledger.write(&foreign).await?;
    let other = ModelCall {
        key: "other".to_owned(),
        ..call("other", 9)
    };
    ledger.write(&other).await?;
    let found = ledger.answer(&id("ws"), "key").await?;
    ensure!(found.as_ref() == Some(&calls[1]), "{found:?}");
    let unknown = ledger.answer(&id("ws"), "ke").await?;
    ensure!(unknown.is_none(), "{unknown:?}");
    Ok(())
}

async fn a_call_without_an_answer_is_no_answer(ledger: &dyn Ledger) -> Verdict {
    let silent = ModelCall {
        answer: None,
        end: CallEnd::Failed,
        ..call("silent", 5)
    };
    ledger.write(&silent).await?;
    let found = ledger.answer(&id("ws"), "key").await?;
    ensure!(found.is_none(), "{found:?}");
    ledger.write(&call("older", 0)).await?;
    let found = ledger.answer(&id("ws"), "key").await?;
    ensure!(found.is_some(), "the older one was not found");
    Ok(())
}

async fn what_was_spent_on_a_day_is_the_sum_of_its_calls_of_one_workspace(
    ledger: &dyn Ledger,
) -> Verdict {
    let today = day(at(0));
    let nothing = ledger.spent(&id("ws"), today).await?;
    ensure!(nothing == 0, "{nothing} in an empty store");
    for (name, seconds, cost) in [("a", 0, 100), ("b", 60, 20), ("c", -DAY, 3), ("d", DAY, 4)] {
        let call = ModelCall {
            cost,
            ..call(name, seconds)
        };
        ledger.write(&call).await?;
    }
    let foreign = ModelCall {
        workspace_id: id("other"),
        cost: 7,
        ..call("e", 0)
    };
    ledger.write(&foreign).await?;
    let spent = ledger.spent(&id("ws"), today).await?;
    ensure!(spent == 120, "{spent}");
    Ok(())
}

async fn usage_is_summed_by_day_and_model_in_this_order_from_the_first_to_the_last_day_asked_for(
    ledger: &dyn Ledger,
) -> Verdict {
    let tokens = Tokens {
        input: 1000,
        cached: 10,
        output: 1,
    };
    let model = |name: &str, model: &str, seconds| ModelCall {
        model: model.to_owned(),
        tokens,
        cost: 5,
        ..call(name, seconds)
    };
    let reused = ModelCall {
        end: CallEnd::Reused,
        tokens: Tokens::default(),
        cost: 0,
        ..model("e", "a/x", 3)
    };
    let calls = [
        model("a", "b/y", 0),
        model("b", "a/x", 1),
        model("c", "a/x", 2),
        model("d", "a/x", -DAY),
        reused,
        model("f", "a/x", DAY),
        model("g", "a/x", -2 * DAY),
        ModelCall {
            workspace_id: id("other"),
            ..model("h", "a/x", 0)
        },
    ];
    for call in &calls {
        ledger.write(call).await?;
    }
    let days = (day(at(-DAY)), day(at(0)));
    let found = ledger.usage(&id("ws"), days.0, days.1).await?;
    let one = |at: Timestamp, model: &str| Usage {
        calls: 1,
        tokens,
        cost: 5,
        ..Usage::none(day(at), model)
    };
    let two = Usage {
        calls: 2,
        reused: 1,
        tokens: Tokens {
            input: 2000,
            cached: 20,
            output: 2,
        },
        cost: 10,
        ..Usage::none(days.1, "a/x")
    };
    let expected = [one(at(-DAY), "a/x"), two, one(at(0), "b/y")];
    ensure!(found == expected, "{found:?}");
    Ok(())
}

/// A day in seconds.
const DAY: i64 = 24 * 60 * 60;
