// The tools that pyro offers, with the parameters of their full schemas; one with a `?` may be left
// out. What a tool does to the world decides what a host runs unattended.
const reads = { readOnlyHint: true, destructiveHint: false };
const changes = { readOnlyHint: false, destructiveHint: false };
const destroys = { readOnlyHint: false, destructiveHint: true };

const tool = (hints, ...words) => ({
  hints,
  parameters: words.map((word) => word.replace('?', '')),
  required: words.filter((word) => !word.endsWith('?')),
});
const machine = ['vcpu_count?', 'mem_mib?', 'ttl_seconds?', 'allow_host_compat?'];
const vm = (hints, ...words) => tool(hints, 'vm_id', ...words);
const workspace = (hints, ...words) => tool(hints, 'workspace_id', ...words);

export const tools = {
  vm_run: tool(changes, 'environment', 'command', 'timeout_seconds?', 'network?', 'package_cache?', ...machine),
  vm_create: tool(changes, 'environment', 'network?', 'package_cache?', ...machine),
  vm_start: vm(changes),
  vm_exec: vm(changes, 'command', 'timeout_seconds?'),
  vm_stop: vm(changes),
  vm_delete: vm(destroys),
  vm_status: vm(reads),
  vm_network_info: vm(reads),
  vm_list_environments: tool(reads),
  vm_reap_expired: tool(changes),
  workspace_create: tool(
    changes,
    ...['environment?', 'network_policy?', 'allow_domains?', 'allow_presets?', 'learn?'],
    ...['package_cache?', 'secrets?', 'seed_path?', 'name?', 'labels?', ...machine],
  ),
  workspace_list: tool(reads, 'offset?'),
  workspace_update: workspace(changes, 'name?', 'clear_name?', 'labels?', 'clear_labels?'),
  workspace_status: workspace(reads),
  workspace_logs: workspace(reads, 'offset?'),
  workspace_summary: workspace(reads),
  workspace_start: workspace(changes),
  workspace_stop: workspace(changes),
  workspace_delete: workspace(destroys),
  workspace_diff: workspace(reads, 'path?', 'offset?', 'include_ignored?'),
  workspace_exec: workspace(changes, 'command', 'timeout_seconds?', 'secret_env?'),
  workspace_exec_poll: workspace(reads, 'job_id', 'cursor?', 'wait_seconds?'),
  workspace_exec_cancel: workspace(changes, 'job_id'),
  workspace_sync_push: workspace(changes, 'source_path', 'dest?'),
  workspace_export: workspace(changes, 'path', 'output_path?'),
  workspace_file_list: workspace(reads, 'path?', 'recursive?', 'offset?'),
  workspace_file_read: workspace(reads, 'path', 'max_bytes?', 'offset?', 'as_base64?'),
  workspace_file_write: workspace(changes, 'path', 'text'),
  workspace_patch_apply: workspace(changes, 'patch?', 'patch_file?'),
  workspace_reset: workspace(destroys, 'snapshot?'),
  workspace_disk_export: workspace(changes, 'output_path?'),
  workspace_disk_list: workspace(reads, 'path?', 'recursive?', 'offset?'),
  workspace_disk_read: workspace(reads, 'path', 'max_bytes?', 'offset?', 'as_base64?'),
  shell_open: workspace(changes, 'cwd?', 'cols?', 'rows?', 'secret_env?'),
  shell_read: workspace(
    reads,
    ...['shell_id', 'cursor?', 'max_chars?', 'plain?', 'wait_for_idle_ms?'],
  ),
  shell_write: workspace(changes, 'shell_id', 'input', 'append_newline?'),
  shell_signal: workspace(changes, 'shell_id', 'signal_name?'),
  shell_close: workspace(changes, 'shell_id'),
  service_start: workspace(
    changes,
    ...['service_name', 'command', 'cwd?', 'ready_file?', 'ready_tcp?', 'ready_http?'],
    ...['ready_command?', 'ready_timeout_seconds?', 'ready_interval_ms?', 'published_ports?', 'secret_env?'],
  ),
  service_list: workspace(reads),
  service_status: workspace(reads, 'service_name'),
  service_logs: workspace(reads, 'service_name', 'tail_lines?', 'all?'),
  service_stop: workspace(changes, 'service_name'),
  workspace_network_show: workspace(reads),
  workspace_network_update: workspace(
    changes,
    ...['network_policy?', 'allow_domains?', 'allow_presets?', 'remove_domains?'],
    ...['remove_presets?', 'learn?', 'package_cache?'],
  ),
  workspace_network_log: workspace(reads, 'denied?', 'after?', 'count?'),
  workspace_network_learned: workspace(reads),
  workspace_port_list: workspace(reads),
  workspace_port_open: workspace(changes, 'guest_port', 'host_port?'),
  workspace_port_close: workspace(changes, 'host_port'),
  snapshot_create: workspace(changes, 'snapshot_name'),
  snapshot_delete: workspace(destroys, 'snapshot_name'),
  snapshot_list: workspace(reads),
};

const named = (prefix, nouns) => nouns.split(' ').map((noun) => `${prefix}_${noun}`);

const common = named(
  'workspace',
  'create delete exec exec_poll exec_cancel export file_list file_read list logs summary start status update',
);
const edits = named('workspace', 'diff file_write patch_apply reset sync_push');

const services = named('service', 'list logs start status stop');

const narrow = (...names) => ({
  names,
  without: [
    ...['network_policy', 'allow_domains', 'allow_presets', 'learn', 'published_ports'],
    ...['package_cache', 'secrets', 'secret_env'],
  ],
});

// What each offers: names of tools, and the parameters that its schemas leave out.
export const offers = [
  { flags: ['--profile', 'vm-run'], names: ['vm_run'], without: ['package_cache'] },
  { flags: [], ...narrow('vm_run', ...common, ...edits) },
  { flags: ['--profile', 'workspace-core'], ...narrow('vm_run', ...common, ...edits) },
  { flags: ['--profile', 'workspace-full'], names: Object.keys(tools), without: [] },
  { flags: ['--mode', 'repro-fix'], ...narrow(...common, ...edits) },
  { flags: ['--mode', 'inspect'], ...narrow(...common) },
  { flags: ['--mode', 'cold-start'], ...narrow(...common, 'workspace_reset', ...services) },
  {
    flags: ['--mode', 'review-eval'],
    ...narrow(
      ...common,
      ...named('workspace', 'diff reset'),
      ...named('snapshot', 'create delete list'),
      ...named('shell', 'open read write signal close'),
    ),
  },
].map((offer) => ({ ...offer, title: offer.flags.join(' ') || 'no flag' }));
