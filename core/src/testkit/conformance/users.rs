//! The suite of [`Users`].

use futures::future::join_all;

use super::{Case, Verdict};
use crate::{
    ErrorKind, Result, cases,
    domain::{Role, User, Vouched},
    ensure,
    ports::Users,
    testkit::samples::{at, id, user},
};

/// Every promise of [`Users`], for a store that holds no user.
pub const CASES: &[Case<dyn Users>] = cases![dyn Users;
    "an inserted user is found by id, by user name and by e-mail" =>
        an_inserted_user_is_found_by_id_by_user_name_and_by_e_mail,
    "names and e-mails are found in any case" => names_and_e_mails_are_found_in_any_case,
    "a user name wins over an e-mail" => a_user_name_wins_over_an_e_mail,
    "an unknown user is none, not an error" => an_unknown_user_is_none_not_an_error,
    "a taken user name or e-mail is a conflict, in any case" =>
        a_taken_user_name_or_e_mail_is_a_conflict_in_any_case,
    "the conflict says which of the two is taken" => the_conflict_says_which_of_the_two_is_taken,
    "an update replaces the whole user" => an_update_replaces_the_whole_user,
    "an update may write the user's own names in another case" =>
        an_update_may_write_the_user_s_own_names_in_another_case,
    "an update of an unknown user is not found" => an_update_of_an_unknown_user_is_not_found,
    "an update made from an outdated copy is a conflict and changes nothing" =>
        an_update_made_from_an_outdated_copy_is_a_conflict_and_changes_nothing,
    "an update to a taken name is a conflict and changes nothing" =>
        an_update_to_a_taken_name_is_a_conflict_and_changes_nothing,
    "a taken id is a conflict and changes nothing" => a_taken_id_is_a_conflict_and_changes_nothing,
    "of many simultaneous inserts of one name only one is made" =>
        of_many_simultaneous_inserts_of_one_name_only_one_is_made,
    "of many simultaneous first inserts one is told it is the first" =>
        of_many_simultaneous_first_inserts_one_is_told_it_is_the_first,
    "a first insert is made only where there is nobody" =>
        a_first_insert_is_made_only_where_there_is_nobody,
    "users are listed by id, a page at a time" => users_are_listed_by_id_a_page_at_a_time,
];

async fn an_inserted_user_is_found_by_id_by_user_name_and_by_e_mail(users: &dyn Users) -> Verdict {
    let ada = users.insert(user("ada")).await?;
    users.insert(user("bob")).await?;
    let found = [
        users.get(&ada.id).await?,
        users.find_login("ada").await?,
        users.find_login("ada@example.org").await?,
    ];
    ensure!(
        found.iter().all(|found| found.as_ref() == Some(&ada)),
        "{found:?}"
    );
    Ok(())
}

async fn names_and_e_mails_are_found_in_any_case(users: &dyn Users) -> Verdict {
    let stored = users
        .insert(User {
            username: "Jörg.STRASSE".to_owned(),
            email: "Жанна@Example.org".to_owned(),
            ..user("joerg")
        })
        .await?;
    for login in [
        "jörg.straße",
        "JÖRG.STRASSE",
        "жанна@example.ORG",
        "ЖАННА@EXAMPLE.ORG",
    ] {
        let found = users.find_login(login).await?;
        ensure!(found.as_ref() == Some(&stored), "{login} finds {found:?}");
    }
    ensure!(
        stored.username == "Jörg.STRASSE",
        "it is kept as {}",
        stored.username
    );
    Ok(())
}

async fn a_user_name_wins_over_an_e_mail(users: &dyn Users) -> Verdict {
    let login = "ada@example.org";
    users.insert(user("ada")).await?;
    let named = users
        .insert(User {
            username: login.to_owned(),
            ..user("bob")
        })
        .await?;
    let found = users.find_login(login).await?;
    ensure!(found.as_ref() == Some(&named), "{found:?}");
    Ok(())
}

async fn an_unknown_user_is_none_not_an_error(users: &dyn Users) -> Verdict {
    users.insert(user("ada")).await?;
    let found = users.get(&id("nobody")).await?;
    ensure!(found.is_none(), "{found:?}");
    for login in [
        "nobody",
        "",
        "ada ",
        "ad_",
        "ad%",
        "a.a",
        ".*",
        "ada\0",
        "{\"$gt\":\"\"}",
    ] {
        let found = users.find_login(login).await?;
        ensure!(found.is_none(), "{login:?} finds {found:?}");
    }
    Ok(())
}

async fn a_taken_user_name_or_e_mail_is_a_conflict_in_any_case(users: &dyn Users) -> Verdict {
    users.insert(user("ada")).await?;
    let named = User {
        username: "ADA".to_owned(),
        ..user("bob")
    };
    let mailed = User {
        email: "Ada@Example.Org".to_owned(),
        ..user("bob")
    };
    for taken in [named, mailed] {
        let refused = users.insert(taken).await;
        ensure!(is(&refused, ErrorKind::Conflict), "{refused:?}");
    }
    let left = users.find_login("bob").await?;
    ensure!(left.is_none(), "a refused insert left {left:?}");
    Ok(())
}

async fn the_conflict_says_which_of_the_two_is_taken(users: &dyn Users) -> Verdict {
    users.insert(user("ada")).await?;
    let named = User {
        username: "ada".to_owned(),
        ..user("bob")
    };
    let mailed = User {
        email: "ada@example.org".to_owned(),
        ..user("bob")
    };
    for (taken, word) in [(named, "username"), (mailed, "email")] {
        let refused = users.insert(taken).await;
        let says = |error: &crate::Error| error.message().starts_with(word);
        ensure!(refused.as_ref().is_err_and(says), "{word}: {refused:?}");
    }
    Ok(())
}

async fn an_update_replaces_the_whole_user(users: &dyn Users) -> Verdict {
    users.insert(user("ada")).await?;
    let changed = User {
        username: "grace".to_owned(),
        email: "grace@example.com".to_owned(),
        full_name: Some("Grace \u{1F980} \0 'O\"Hopper".to_owned()),
        role: Role::Manager,
        is_active: false,
        workspace_id: Some(id("ws")),
        password_hash: "$fake$1$".to_owned(),
        created_at: at(-1),
        generation: 7,
        vouched: Some(Vouched {
            at: at(3),
            worth: "an admin".to_owned(),
        }),
        updated_at: at(1),
        ..user("ada")
    };
    let stored = users.update(changed.clone(), at(0)).await?;
    ensure!(stored == changed, "{stored:?}");
    let found = users.get(&changed.id).await?;
    ensure!(found.as_ref() == Some(&changed), "{found:?}");
    for login in ["ada", "ada@example.org"] {
        let found = users.find_login(login).await?;
        ensure!(found.is_none(), "the former {login} still finds {found:?}");
    }
    let found = users.find_login("GRACE@example.com").await?;
    ensure!(found.as_ref() == Some(&changed), "{found:?}");
    users.insert(user("ada2")).await?;
    users.insert(user("ada3")).await?;
    Ok(())
}

async fn an_update_may_write_the_user_s_own_names_in_another_case(users: &dyn Users) -> Verdict {
    users.insert(user("ada")).await?;
    let changed = User {
        username: "Ada".to_owned(),
        email: "ADA@example.org".to_owned(),
        ..user("ada")
    };
    let stored = users.update(changed, at(0)).await?;
    ensure!(stored.username == "Ada", "{stored:?}");
    let found = users.find_login("ada").await?;
    ensure!(found.as_ref() == Some(&stored), "{found:?}");
    Ok(())
}

async fn an_update_of_an_unknown_user_is_not_found(users: &dyn Users) -> Verdict {
    users.insert(user("ada")).await?;
    let refused = users.update(user("bob"), at(0)).await;
    ensure!(is(&refused, ErrorKind::NotFound), "{refused:?}");
    let left = users.get(&user("bob").id).await?;
    ensure!(left.is_none(), "the update left {left:?}");
    Ok(())
}

async fn an_update_made_from_an_outdated_copy_is_a_conflict_and_changes_nothing(
    users: &dyn Users,
) -> Verdict {
    let first = users.insert(user("ada")).await?;
    let disabled = User {
        is_active: false,
        ..first.clone()
    };
    let disabled = users.update(disabled, first.updated_at).await?;
    ensure!(disabled.updated_at > first.updated_at, "{disabled:?}");
    let outdated = User {
        workspace_id: Some(id("ws")),
        ..first.clone()
    };
    let refused = users.update(outdated, first.updated_at).await;
    let says = |error: &crate::Error| error.message().starts_with("could not");
    ensure!(is(&refused, ErrorKind::Conflict), "{refused:?}");
    ensure!(refused.as_ref().is_err_and(says), "{refused:?}");
    let found = users.get(&first.id).await?;
    ensure!(found.as_ref() == Some(&disabled), "{found:?}");
    Ok(())
}

async fn an_update_to_a_taken_name_is_a_conflict_and_changes_nothing(users: &dyn Users) -> Verdict {
    users.insert(user("ada")).await?;
    let bob = users.insert(user("bob")).await?;
    let named = User {
        username: "ADA".to_owned(),
        full_name: Some("Bob".to_owned()),
        ..bob.clone()
    };
    let mailed = User {
        email: "ADA@example.org".to_owned(),
        full_name: Some("Bob".to_owned()),
        ..bob.clone()
    };
    for (taken, word) in [(named, "username"), (mailed, "email")] {
        let refused = users.update(taken, at(0)).await;
        let says = |error: &crate::Error| error.message().starts_with(word);
        ensure!(is(&refused, ErrorKind::Conflict), "{refused:?}");
        ensure!(refused.as_ref().is_err_and(says), "{word}: {refused:?}");
    }
    let found = users.get(&bob.id).await?;
    ensure!(found.as_ref() == Some(&bob), "{found:?}");
    Ok(())
}

async fn a_taken_id_is_a_conflict_and_changes_nothing(users: &dyn Users) -> Verdict {
    let ada = users.insert(user("ada")).await?;
    let other = User {
        id: ada.id.clone(),
        ..user("bob")
    };
    let refused = users.insert(other).await;
    ensure!(is(&refused, ErrorKind::Conflict), "{refused:?}");
    let found = users.get(&ada.id).await?;
    ensure!(found.as_ref() == Some(&ada), "{found:?}");
    Ok(())
}

async fn of_many_simultaneous_inserts_of_one_name_only_one_is_made(users: &dyn Users) -> Verdict {
    let inserts = (0..16).map(|number| {
        users.insert(User {
            id: id(&format!("user-{number}")),
            email: format!("{number}@example.org"),
            ..user("ada")
        })
    });
    let outcomes = join_all(inserts).await;
    let refused = outcomes
        .iter()
        .filter(|outcome| is(outcome, ErrorKind::Conflict));
    let (made, refused) = (outcomes.iter().flatten().count(), refused.count());
    ensure!(
        (made, refused) == (1, 15),
        "{made} were made, {refused} refused"
    );
    Ok(())
}

async fn of_many_simultaneous_first_inserts_one_is_told_it_is_the_first(
    users: &dyn Users,
) -> Verdict {
    let inserts = (0..16).map(|number| users.insert(user(&format!("user{number}"))));
    let mut admins = 0;
    for stored in join_all(inserts).await {
        let stored = stored?;
        let found = users.get(&stored.id).await?;
        ensure!(found.as_ref() == Some(&stored), "{found:?}");
        admins += usize::from(stored.role == Role::Admin);
    }
    ensure!(admins == 1, "there are {admins} admins");
    let later = users.insert(user("later")).await?;
    ensure!(
        later.role == Role::Developer,
        "a later one is {:?}",
        later.role
    );
    Ok(())
}

async fn a_first_insert_is_made_only_where_there_is_nobody(users: &dyn Users) -> Verdict {
    let inserts = (0..8).map(|number| users.insert_first(user(&format!("user{number}"))));
    let mut made = Vec::new();
    for outcome in join_all(inserts).await {
        made.extend(outcome?);
    }
    ensure!(made.len() == 1, "{made:?}");
    ensure!(
        made.iter().all(|first| first.role == Role::Admin),
        "{made:?}"
    );
    let later = users.insert_first(user("later")).await?;
    ensure!(later.is_none(), "{later:?}");
    let left = users.find_login("later").await?;
    ensure!(left.is_none(), "{left:?}");
    Ok(())
}

async fn users_are_listed_by_id_a_page_at_a_time(users: &dyn Users) -> Verdict {
    for name in ["d", "a", "c", "b"] {
        users.insert(user(name)).await?;
    }
    let mut after = None;
    for expected in [vec!["a", "b", "c"], vec!["d"], vec![]] {
        let page = users.following(after.as_ref(), 3).await?;
        let names: Vec<_> = page.iter().map(|user| user.username.as_str()).collect();
        ensure!(names == expected, "{names:?}");
        after = page.last().map(|user| user.id.clone()).or(after);
    }
    Ok(())
}

fn is<T>(outcome: &Result<T>, kind: ErrorKind) -> bool {
    outcome.as_ref().is_err_and(|error| error.kind() == kind)
}
