#pragma once

#include "common/base/error.h"

namespace pyro {

/// An error of a workspace's guest for its caller: that of one that did not answer (guest_silent)
/// says what may be the matter and what ends it. Any other stays as it is.
Error with_way_out(const Error& error);

}  // namespace pyro
