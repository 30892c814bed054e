#include "common/bus/context.h"

#include <zmq.hpp>

namespace pyro::bus {

Context::Context() : zmq_(std::make_unique<zmq::context_t>(1)) {
  // Each call in flight has a socket; what really limits them is the number of descriptors.
  zmq_->set(zmq::ctxopt::max_sockets, 4096);
}

Context::~Context() = default;

}  // namespace pyro::bus
