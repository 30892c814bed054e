#pragma once

#include "common/api/agent_files.h"
#include "common/tree/tree.h"

/// Reads from the tree. `tree` is the descriptor of its top.
namespace pyro::agent::files {

api::agent::FilePart read_part(int tree, const api::agent::ReadPart& request);
void list_tree(int tree, const api::agent::ListTree& request, tree::Sink& sink);
void send_tree(int tree, const api::agent::SendTree& request, tree::Sink& sink);
void send_files(int tree, const api::agent::SendFiles& request, tree::Sink& sink);

}  // namespace pyro::agent::files
