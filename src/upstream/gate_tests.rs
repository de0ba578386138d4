//! Who is let in when, with a clock that stands still until somebody waits.

use super::*;
use crate::config::{Config, read};
use crate::egress::{Egress, Options};
use crate::upstream::queue::Rank;

struct Scene {
    health: Arc<Health>,
    config: Config,
    egress: Egress,
}

impl Scene {
    fn new(limits: &str) -> Self {
        let text = format!(
            "{{Providers: [{{name: 'p', api_base_url: 'https://x.example/v1', models: ['m'], limits: {{{limits}}}}}]}}"
        );
        let config = read(&text, "c.json", &|_| None).unwrap();
        Self { health: Arc::default(), config, egress: Egress::new(&Options::default()).unwrap() }
    }

    async fn enter(&self, session: &str, rank: Rank, tokens: u64) -> Result<Pass, NotAdmitted> {
        let asking =
            Asking { session, rank, tokens, attempt: Attempt::First, entry: Entry::Anyway, egress: &self.egress };
        self.health.enter(&self.config.targets[0], asking).await
    }

    async fn pass(&self) -> Pass {
        self.enter("s", Rank::Conversation, 10).await.expect("a place")
    }

    fn counts(&self) -> (u32, usize) {
        let told = self.health.list();
        (told[0].in_flight, told[0].waiting)
    }
}

/// The error that a request was turned away with.
fn turned_away(entered: Result<Pass, NotAdmitted>) -> ApiError {
    match entered {
        Err(NotAdmitted::TurnedAway(error)) => error,
        Err(NotAdmitted::LeftAlone(error)) => panic!("left alone: {error}"),
        Ok(_) => panic!("it was let in"),
    }
}

/// Polls once, and claims that it waits.
async fn waits<F: Future>(waiting: &mut std::pin::Pin<Box<F>>) {
    let is_ready = std::future::poll_fn(|cx| std::task::Poll::Ready(waiting.as_mut().poll(cx).is_ready())).await;
    assert!(!is_ready, "it waits");
}

#[tokio::test(start_paused = true)]
async fn no_more_than_may_are_let_in_and_the_next_when_one_has_ended() {
    let scene = Scene::new("max_concurrency: 2");
    let (first, _second) = (scene.pass().await, scene.pass().await);
    let mut third = Box::pin(scene.pass());
    waits(&mut third).await;
    assert_eq!(scene.counts(), (2, 1));
    first.answered(20);
    let _third = third.await;
    assert_eq!(scene.counts(), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn one_that_goes_away_leaves_the_queue_at_once() {
    let scene = Scene::new("max_concurrency: 1");
    let first = scene.pass().await;
    let mut gone = Box::pin(scene.pass());
    waits(&mut gone).await;
    drop(gone);
    assert_eq!(scene.counts(), (1, 0));
    // The same for one that is served and has not heard of it.
    let mut gone = Box::pin(scene.pass());
    waits(&mut gone).await;
    drop(first);
    assert_eq!(scene.counts(), (1, 0));
    drop(gone);
    assert_eq!(scene.counts(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_too_long_is_told_what_is_in_front_and_what_helps() {
    let scene = Scene::new("max_concurrency: 1");
    let _first = scene.pass().await;
    let began = Instant::now();
    let (error, _) = tokio::join!(scene.enter("a", Rank::Conversation, 10), scene.enter("b", Rank::Conversation, 10));
    assert_eq!(began.elapsed(), Duration::from_secs(20));
    let error = turned_away(error);
    assert_eq!((error.status, error.kind, error.retry_after), (529, ErrorKind::OverloadedError, Some(10)));
    assert_eq!(
        error.message,
        "p: model `m` has 1 of 1 requests in flight, and 0 in front of this one after 20 s; raise \
         `limits.max_concurrency` of provider `p`"
    );
}

#[tokio::test(start_paused = true)]
async fn one_more_than_may_wait_is_turned_away_at_once() {
    let scene = Scene::new("max_concurrency: 1, queue: 1");
    let _first = scene.pass().await;
    let mut second = Box::pin(scene.pass());
    waits(&mut second).await;
    let error = turned_away(scene.enter("s", Rank::Conversation, 10).await);
    assert_eq!((error.status, error.retry_after), (529, Some(10)));
    assert_eq!(
        error.message,
        "p: model `m` has 1 of 1 requests in flight and 1 waiting, as many as may; raise `limits.queue` or \
         `limits.max_concurrency` of provider `p`"
    );
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_waited_for_where_it_is_short() {
    let scene = Scene::new("requests_per_minute: 6");
    for _ in 0..6 {
        scene.pass().await.answered(0);
    }
    let began = Instant::now();
    scene.pass().await.answered(0);
    assert!((10_000..10_100).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_that_is_long_is_told_at_once_with_the_exact_wait() {
    let scene = Scene::new("tokens_per_minute: 6000");
    scene.enter("s", Rank::Conversation, 6_000).await.unwrap().answered(6_000);
    let error = turned_away(scene.enter("s", Rank::Conversation, 3_000).await);
    assert_eq!((error.status, error.kind, error.retry_after), (429, ErrorKind::RateLimitError, Some(30)));
    assert_eq!(
        error.message,
        "p: model `m` takes 6000 tokens a minute, and this prompt of 3000 has its turn in 30 s; raise \
         `limits.tokens_per_minute` of provider `p`"
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_headers_tell_delays_the_next() {
    let scene = Scene::new("");
    let mut first = scene.pass().await;
    let mut headers = http::HeaderMap::new();
    headers.insert("x-ratelimit-limit-req-minute", http::HeaderValue::from_static("30"));
    headers.insert("x-ratelimit-remaining-req-minute", http::HeaderValue::from_static("0"));
    first.heard(&headers);
    first.answered(10);
    let began = Instant::now();
    scene.pass().await.answered(0);
    assert!((2_000..2_100).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_goes_elsewhere_when_the_target_is_to_be_left_alone() {
    let scene = Scene::new("max_concurrency: 1");
    let first = scene.pass().await;
    let target = &scene.config.targets[0];
    let asking = |entry| Asking {
        session: "s",
        rank: Rank::Aside,
        tokens: 1,
        attempt: Attempt::First,
        entry,
        egress: &scene.egress,
    };
    let mut served = Box::pin(scene.health.enter(target, asking(Entry::IfWell)));
    waits(&mut served).await;
    let mut waiting = Box::pin(scene.health.enter(target, asking(Entry::IfWell)));
    waits(&mut waiting).await;
    let mut alone = Box::pin(scene.health.enter(target, asking(Entry::Anyway)));
    waits(&mut alone).await;
    let began = Instant::now();
    first.failed(&ApiError::new(429, ErrorKind::RateLimitError, "no").after(Some(60)), true);
    for entered in [served.await, waiting.await] {
        assert!(matches!(entered, Err(NotAdmitted::LeftAlone(error)) if error.status == 429));
    }
    assert!(alone.await.is_ok(), "for want of another");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_conversation_overtakes_what_waits_beside_it() {
    let scene = Arc::new(Scene::new("max_concurrency: 1"));
    let first = scene.pass().await;
    let (served, order) = std::sync::mpsc::channel();
    let mut tasks = tokio::task::JoinSet::new();
    for (session, rank) in [("aside", Rank::Aside), ("aside", Rank::Aside), ("main", Rank::Conversation)] {
        let (scene, served) = (Arc::clone(&scene), served.clone());
        tasks.spawn(async move {
            let pass = scene.enter(session, rank, 0).await.expect("a place");
            served.send(session).unwrap();
            pass.answered(0);
        });
        tokio::task::yield_now().await;
    }
    drop((first, served));
    tasks.join_all().await;
    assert_eq!(order.iter().collect::<Vec<_>>(), ["main", "aside", "aside"]);
}
