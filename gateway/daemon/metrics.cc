#include "gateway/daemon/metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "gateway/base/log.h"

namespace gateway::daemon {
namespace {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Writes families one after the other. Label values are words of ours: nothing in them needs to be
// escaped.
class Exposition {
 public:
  void Counter(std::string_view name, std::string_view help) { Begin(name, "counter", help); }
  void Gauge(std::string_view name, std::string_view help) { Begin(name, "gauge", help); }

  void Sample(Labels labels, std::string_view value) {
    text_ += name_;
    std::string_view before = "{";
    for (const auto& [label, label_value] : labels) {
      text_ += Format("%s%s=\"%s\"", before, label, label_value);
      before = ",";
    }
    text_ += Format("%s %s\n", labels.size() > 0 ? "}" : "", value);
  }
  void Sample(Labels labels, uint64_t value) { Sample(labels, std::to_string(value)); }
  void Sample(uint64_t value) { Sample({}, std::to_string(value)); }
  void Seconds(Millis value) {
    Sample({}, Format("%d.%03d", value.count() / 1000, value.count() % 1000));
  }

  std::string Take() { return std::move(text_); }

 private:
  void Begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += Format("# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
  }

  std::string name_, text_;
};

void WriteIntake(const pipeline::IntakeCounters::Snapshot& intake, Exposition& out) {
  out.Counter("commons_observations_received_total",
              "Observations taken in hand, and those of the quarantine that were tried again. "
              "Always the sum of commons_observations_total and commons_observations_waiting.");
  out.Sample(intake.received);
  out.Counter("commons_observations_total", "Observations that were settled, by what became of them.");
  for (const port::DoorCount& count : intake.counts) {
    out.Sample({{"outcome", count.outcome}, {"reason", count.reason}}, count.observations);
  }
  out.Gauge("commons_observations_waiting", "Observations in hand or in the journal, not settled yet.");
  out.Sample(intake.waiting);
  out.Counter("commons_observations_late_total",
              "Of the stored: came after their day was decided.");
  out.Sample(intake.late);
  out.Counter("commons_observations_untimed_total",
              "Of the stored: their time is not known, and no figure has them.");
  out.Sample(intake.untimed);
  out.Counter("commons_readings_odd_total",
              "Readings of counters in decided sheets that did not just grow: of a dip, a spike or a "
              "replaced meter nothing is counted.");
  for (const port::DoorCount& count : intake.odd) {
    out.Sample({{"reason", count.reason}}, count.observations);
  }
  out.Counter("commons_observations_retried_total",
              "Of the received: came out of the quarantine.");
  out.Sample(intake.retried);
}

void WriteQuarantine(const store::Quarantine::Counts& counts, Exposition& out) {
  using End = store::Quarantine::End;
  out.Gauge("commons_quarantine_rows", "Refused messages that are kept at present.");
  out.Sample(counts.rows);
  out.Gauge("commons_quarantine_bytes", "What they take, sealed.");
  out.Sample(counts.bytes);
  out.Counter("commons_quarantine_kept_total", "Refused messages that were kept.");
  out.Sample(counts.kept);
  out.Counter("commons_quarantine_not_kept_total",
              "Refused messages that could not be kept: no room on the disk, or no key.");
  out.Sample(counts.not_kept);
  out.Counter("commons_quarantine_removed_total", "Kept messages that went, by why.");
  for (const auto& [end, name] : {std::pair<End, std::string_view>{End::kDisplaced, "displaced"},
                                  {End::kExpired, "expired"},
                                  {End::kDropped, "dropped"},
                                  {End::kRetried, "retried"},
                                  {End::kErased, "erased"}}) {
    out.Sample({{"reason", name}}, counts.ended[static_cast<std::size_t>(end)]);
  }
}

void WriteBroker(const Metrics& metrics, Exposition& out) {
  out.Gauge("commons_broker_connected", "1 while connected and every subscription is confirmed.");
  out.Sample(metrics.broker_connected ? 1 : 0);
  if (!metrics.broker.has_value()) return;
  const port::BrokerState& broker = *metrics.broker;
  out.Counter("commons_broker_messages_dropped_total",
              "Messages that the broker says it dropped, since it started.");
  out.Sample(broker.dropped);
  out.Counter("commons_broker_sessions_lost_total",
              "Times the broker had forgotten this gateway's session, and what it held for it.");
  out.Sample(broker.sessions_lost);
  out.Gauge("commons_broker_warnings", "Warnings about the broker in `commons status`.");
  out.Sample(broker.warnings.size());
}

void WriteCells(const pipeline::GatewayFigures& figures, Exposition& out) {
  const pipeline::Gauges& gauges = figures.gauges;
  out.Gauge("commons_journal_entries_unfolded", "Journal entries that are not in blocks yet.");
  out.Sample(figures.journaled - gauges.folded);
  out.Gauge("commons_open_days", "Sheets that are not decided yet.");
  out.Sample(gauges.open_days);
  out.Counter("commons_cells_total", "Cells decided since the store was made.");
  out.Sample({{"status", "released"}}, gauges.released);
  out.Sample({{"status", "suppressed"}}, gauges.suppressed);
  out.Counter("commons_duties_missed_total",
              "Days not published and questions not answered in the time that a duty of the policy "
              "gives, since the store was made.");
  out.Sample(gauges.duties_missed);
  out.Gauge("commons_ledger_entries", "Entries of the ledger.");
  out.Sample(figures.ledger_entries);
  out.Gauge("commons_clock_sound", "0: nothing is decided, because the clock may be wrong.");
  out.Sample(figures.clock_sound ? 1 : 0);
  out.Gauge("commons_releases_blocked_by_loss",
            "1: nothing is decided until `commons store acknowledge`.");
  out.Sample(figures.blocked_by_loss ? 1 : 0);
}

void WriteStore(const pipeline::GatewayFigures& figures, Exposition& out) {
  const port::RetentionCounts& retention = figures.gauges.retention;
  out.Gauge("commons_store_paused", "1: nothing is stored at present; `commons status` says why.");
  out.Sample(figures.store_paused ? 1 : 0);
  out.Counter("commons_store_bytes_written_total",
              "Bytes this process made the kernel write to devices.");
  out.Sample(figures.bytes_written);
  out.Counter("commons_retention_readings_total", "Readings that reached their age.");
  out.Sample({{"fate", "rolled-up"}}, retention.rolled_up);
  out.Sample({{"fate", "erased"}}, retention.erased);
  out.Counter("commons_retention_rollups_erased_total", "Rollup buckets that reached their age.");
  out.Sample(retention.erased_rollups);
  out.Counter("commons_retention_keys_destroyed_total", "Data keys that nothing needed any more.");
  out.Sample(retention.keys_destroyed);
}

void WriteDevices(const Metrics& metrics, Exposition& out) {
  if (metrics.devices.empty()) return;
  out.Gauge("commons_devices", "Enrolled devices, by whether they are heard as often as expected.");
  for (const std::string_view state : {"ok", "stopped", "never", "starting", "-"}) {
    const auto found = metrics.devices.find(std::string(state));
    out.Sample({{"state", state == "-" ? "unscheduled" : state}},
               found == metrics.devices.end() ? 0 : found->second);
  }
}

}  // namespace

ProcessFigures ReadProcess() {
  ProcessFigures process;
  std::ifstream statm("/proc/self/statm");
  uint64_t pages = 0, resident = 0;
  if (statm >> pages >> resident) {
    process.resident_bytes = resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  }
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    process.cpu = Millis((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000);
  }
  return process;
}

std::string MetricsText(const Metrics& metrics) {
  Exposition out;
  WriteIntake(metrics.figures.intake, out);
  WriteQuarantine(metrics.figures.quarantine, out);
  WriteDevices(metrics, out);
  WriteBroker(metrics, out);
  WriteCells(metrics.figures, out);
  WriteStore(metrics.figures, out);
  out.Gauge("process_resident_memory_bytes", "Resident memory.");
  out.Sample(metrics.process.resident_bytes);
  out.Counter("process_cpu_seconds_total", "Processor time, user and system.");
  out.Seconds(metrics.process.cpu);
  out.Gauge("process_start_time_seconds", "When the process started, since 1970.");
  out.Seconds(metrics.process.started.time_since_epoch());
  out.Gauge("commons_build_info", "1, with the version of the program.");
  out.Sample({{"version", metrics.version}}, 1);
  return out.Take();
}

}  // namespace gateway::daemon
