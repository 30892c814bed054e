#include <nlohmann/json.hpp>

#include "common/base/reasons/files.h"
#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/pages.h"
#include "gateway/mcp/tools/read_page.h"

namespace pyro::mcp {
namespace {

/// As an export's.
void check(const Toolbox& box, api::ExportDisk& request) {
  const HostAccess host = box.host();
  if (request.output_path.empty()) request.output_path = host.default_output("workspace.ext4");
  request.output_path = host.checked("output_path", request.output_path);
  request.by_model = true;
  request.guarded_below = host.guarded_directory(request.output_path);
}

void tell_encoding_on_disk(const Toolbox&, const api::ReadDisk&, Json& reply, bool) {
  const auto is = [&reply](api::FileEncoding one) {
    return reply["encoding"] == api::name_of(one);
  };
  if (is(api::FileEncoding::kBinary)) {
    add_hint(reply, "A binary file: as_base64 true returns its bytes.");
  } else if (is(api::FileEncoding::kNotUtf8)) {
    add_hint(reply,
             "The file is not UTF-8, and content lacks bytes of it: as_base64 true returns them.");
  }
}

constexpr std::string_view kShowsDisk = "workspace_disk_list shows what is there.";

std::vector<Step> steps() {
  return {{reason::kPathMissing, "", "", kShowsDisk}, {reason::kWrongFileType, "", "", kShowsDisk}};
}

}  // namespace

std::vector<ToolRow> disk_tools() {
  return {
      {.operation = operation<api::ListDisk>(
           {.finish =
                [](const Toolbox&, const api::ListDisk& request, Json& reply, bool) {
                  page_list("workspace_disk_list", request.offset, "entries", reply);
                }}),
       .name = "workspace_disk_list",
       .effect = Effect::kReads,
       .title = "List files of a stopped workspace",
       .text = "Lists a directory anywhere in the guest's file system (/etc, /var/log, /workspace) "
               "from the disks of a stopped workspace, also of one that does not start any more. "
               "Shows what is on the disks: nothing of /run, /proc or a mount in memory. When "
               "truncated is true, call again with offset = next_offset. A started workspace must "
               "be stopped first.",
       .steps = steps()},
      {.operation = operation<api::ReadDisk>(
           {.call = read_page<api::ReadDisk>, .finish = tell_encoding_on_disk}),
       .name = "workspace_disk_read",
       .effect = Effect::kReads,
       .title = "Read a file of a stopped workspace",
       .text = "Reads a text file anywhere in the guest's file system from the disks of a stopped "
               "workspace, also of one that does not start any more: max_bytes from offset on, at "
               "most some 20,000 characters a call. When truncated is true, call again with offset "
               "= next_offset. Of a link read its target. Where encoding is not utf-8, content is "
               "not what the file holds; of a binary file there is none.",
       .steps = steps(),
       .defaults = read_defaults},
      {.operation = operation<api::ExportDisk>({.check = check}),
       .name = "workspace_disk_export",
       .effect = Effect::kChanges,
       .title = "Copy a workspace's disk to the host",
       .text = "Copies the disk of a stopped workspace that holds /workspace (its directory tree) "
               "to output_path on the host: a sparse ext4 image, for the user to keep or to look "
               "into. output_path must not exist yet; default: .pyro/exports of the project. For "
               "single files start the workspace and use workspace_export."},
  };
}

}  // namespace pyro::mcp
