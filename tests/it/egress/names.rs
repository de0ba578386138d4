//! Names that lead elsewhere: the real binary with a resolver that asks a name server of the test's own.
//!
//! The system's resolver goes where `/etc/resolv.conf` says, so the test plays in a network and a view of the files of
//! its own, which Linux gives to everybody.

use std::env;
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::common::dns::Dns;
use crate::common::requests::provider;
use crate::common::{Sandbox, ask, soon};

/// An address of the Internet, which in the test's network is this machine's.
const PUBLIC: &str = "9.9.9.9";

/// What happens inside before the test runs there: the loopback device, an address of the Internet, and the files that
/// the resolver reads.
const INSIDE: &str = "\
set -e
ip link set lo up
ip address add 9.9.9.9/32 dev lo
for name in resolv.conf nsswitch.conf hosts; do
  [ -e /etc/$name ] && mount --bind \"$FILES/$name\" /etc/$name
done
exec \"$@\"
";

#[test]
fn names_that_lead_elsewhere_are_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("readable");
    };
    write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:2\n");
    write("nsswitch.conf", "hosts: files dns\n");
    // A machine on which even this name leads elsewhere.
    write("hosts", "9.9.9.9 localhost\n");
    let this = env::current_exe().expect("this test");
    let output = Command::new("unshare")
        .args(["-Urnm", "sh", "-c", INSIDE, "sh"])
        .arg(this)
        .args(["--exact", "egress::names::inside", "--ignored", "--nocapture"])
        .env("FILES", folder.path())
        .output()
        .expect("`unshare` of util-linux runs");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success() && said.contains("1 passed"),
        "in a user, network and mount namespace (`unshare -Urnm`, which the kernel has to allow: \
         `sysctl kernel.unprivileged_userns_clone kernel.apparmor_restrict_unprivileged_userns`):\n{said}"
    );
}

/// Counts who comes to an address.
async fn door(address: &str) -> Arc<AtomicUsize> {
    let listener = TcpListener::bind(address).await.expect("an address of one's own");
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    count
}

fn answers(name: &str, before: usize) -> Vec<IpAddr> {
    let list: &[&str] = match (name, before) {
        ("flips.example", 0) | ("gpu.lan", _) => &[PUBLIC],
        ("flips.example" | "0x7f.1", _) => &["127.0.0.1"],
        ("mixed.example", _) => &[PUBLIC, "10.0.0.7"],
        ("sixth.example", _) => &["::ffff:127.0.0.1"],
        ("cloud.example", _) => &["169.254.169.254"],
        ("translated.example", _) => &["64:ff9b::a9fe:a9fe"],
        _ => &[],
    };
    list.iter().map(|address| address.parse().expect("an address")).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above, in namespaces of its own"]
async fn inside() {
    let dns = Dns::serve(answers);
    let outside = door(&format!("{PUBLIC}:443")).await;
    let within = door("127.0.0.1:443").await;
    let hosts = ["flips", "mixed", "sixth", "cloud", "translated"].map(|name| format!("{name}.example"));
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).chain(["0x7f.1", "gpu.lan", "localhost"]).collect();
    let sandbox = Sandbox::new();
    let vouch = |host: &&str| {
        let network = if *host == "gpu.lan" { "private" } else { "public" };
        json!({"host": host, "operator": "a test", "reason": "a test", "network": network})
    };
    let list: Vec<Value> = hosts.iter().filter(|host| !["localhost", "0x7f.1"].contains(host)).map(vouch).collect();
    sandbox.write("home/egress.json", &json!(list).to_string());
    let providers: Vec<Value> = hosts.iter().map(|host| provider(host, &format!("https://{host}/v1"), "m")).collect();
    sandbox
        .configure(&json!({"Providers": providers, "Router": {"default": "flips.example,m"}, "Retry": {"attempts": 1},
            "Egress": {"allow": ["eu", "eea", "ch", "local", "0x7f.1"]}}));
    // The start connects ahead of the first request: that is the one time that the name leads outside.
    let server = sandbox.start().await;
    let told = |host: &str| {
        let (client, mut request) = (server.client(), ask("Hi"));
        request["model"] = json!(format!("{host},m"));
        async move {
            let answer = soon(client.messages(&request)).await.expect("an answer");
            (answer.status, answer.error.expect("an error").message)
        }
    };
    while outside.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    let inner = [
        ("flips.example", "127.0.0.1, an address of this machine"),
        ("mixed.example", "10.0.0.7, an address of a private network"),
        ("sixth.example", "127.0.0.1, an address of this machine"),
        ("cloud.example", "169.254.169.254, a cloud's metadata service"),
        ("translated.example", "a cloud's metadata service"),
        ("0x7f.1", "127.0.0.1, an address of this machine"),
        ("gpu.lan", "9.9.9.9, an address of the Internet"),
        ("localhost", "9.9.9.9, an address of the Internet"),
    ];
    for (host, why) in inner {
        let (status, words) = told(host).await;
        assert_eq!(status, 403, "{host}: {words}");
        assert!(words.contains("not connected: its name leads to ") && words.contains(why), "{host}: {words}");
    }
    assert_eq!((outside.load(Ordering::Relaxed), within.load(Ordering::Relaxed)), (1, 0));
    // One look-up for the connection that was made, one for the one that was refused: none in between.
    assert_eq!(dns.asked("flips.example"), 2);
    let record = sandbox.mcr(["audit", "show", "--kind", "deny", "--json"]);
    assert!(record.contains("metadata") && record.contains("cloud.example"), "{record}");
}
