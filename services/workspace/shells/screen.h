#pragma once

#include <string>
#include <string_view>

#include "common/work/work.h"
#include "services/workspace/shells/plain.h"

namespace pyro::workspace {

/// plain_text by `pyro-screen`, a process of its own: what a hostile guest prints can end that, and
/// nothing else. internal: it did.
std::string screen_text(std::string_view before, std::string_view output, TerminalSize size,
                        const Work& work);

}  // namespace pyro::workspace
