#include "gateway/cli/guest_command.h"

#include "common/base/text.h"
#include "gateway/cli/command_tree.h"

namespace pyro::cli {

void add_guest_command(CLI::App& command, Session& session, std::string example) {
  session.takes_words[&command] = std::move(example);
}

std::string guest_command(const CLI::App& command, const Session& session) {
  if (!session.words || session.words->empty()) {
    throw UsageError(fmt::format("{} needs a command after --, as in: {}", full_name(command),
                                 session.takes_words.at(&command)));
  }
  return shell_join(*session.words);
}

}  // namespace pyro::cli
