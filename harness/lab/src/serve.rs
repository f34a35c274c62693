//! Plain HTTP servers in the workloads' namespaces.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use netverdict_policy::port::{ProtoPort, Protocol};
use netverdict_policy::topology::{TopologyPlan, WorkloadPlan};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use crate::error::LabError;
use crate::network::Network;

/// Servers on one thread. A listener keeps the namespace it was opened in.
#[derive(Debug)]
pub(crate) struct Servers {
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Servers {
    pub(crate) fn start(
        plan: &TopologyPlan,
        network: &Network,
        body: impl Fn(&WorkloadPlan, ProtoPort) -> String,
    ) -> Result<Servers, LabError> {
        let mut served = Vec::new();
        for (number, workload) in plan.workloads.iter().enumerate() {
            let namespace = network.home(number);
            for port in &workload.listen {
                if port.protocol != Protocol::Tcp {
                    continue;
                }
                let body: Arc<str> = body(workload, *port).into();
                for address in &workload.addresses {
                    let address = SocketAddr::new(*address, port.port);
                    let listener = namespace.run("listen", move |_| {
                        listen(address).map_err(LabError::system(format!("listen at {address}")))
                    })?;
                    served.push((listener, Arc::clone(&body)));
                }
            }
        }
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("nv-servers".to_owned())
            .spawn(move || run(served, stopped))
            .map_err(LabError::system("start the HTTP servers"))?;
        Ok(Servers {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Connections wait in the queue from here on, whenever the thread starts.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn run(served: Vec<(TcpListener, Arc<str>)>, stopped: oneshot::Receiver<Infallible>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("a runtime needs a few descriptors only");
    let local = LocalSet::new();
    for (listener, body) in served {
        local.spawn_local(accept(listener, body));
    }
    // Ends, with everything that is still going on, when the sender is dropped.
    let _ = local.block_on(&runtime, stopped);
}

async fn accept(listener: TcpListener, body: Arc<str>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // The client gave up between its connection and now.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(_) => return,
        };
        let body = Arc::clone(&body);
        tokio::task::spawn_local(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&body)));
            // What goes wrong here, the client sees.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    mut request: Request<Incoming>,
    body: Arc<str>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut received = 0;
    while let Some(frame) = request.body_mut().frame().await {
        match frame {
            Ok(frame) => received += frame.data_ref().map_or(0, Bytes::len),
            Err(_) => break,
        }
    }
    let text = match received {
        0 => body.to_string(),
        _ => format!("{body}received {received} bytes\n"),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = StatusCode::OK;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    Ok(response)
}
