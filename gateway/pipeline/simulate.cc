// Pipeline as Commands: what a signed proposal would have released. The pipeline's thread only copies who
// there is; everything else is done beside it, on the caller's, so that no reading and no withdrawal
// waits.
#include "gateway/pipeline/call.h"
#include "gateway/pipeline/simulation.h"

namespace gateway::pipeline {

StatusOr<port::Simulation> Pipeline::SimulatePolicy(
    const std::string& proposal, Millis since,
    const std::function<bool(uint64_t done, uint64_t total)>& progress) {
  if (since <= Millis(0) || since > limits::kSimulatedMax) {
    return InvalidArgument("since: %s, must be above zero and at most %s", FormatDuration(since),
                           FormatDuration(limits::kSimulatedMax));
  }
  if (simulating_.exchange(true)) {
    return Unavailable("another simulation is at work; try again when it is done");
  }
  const auto run = [&]() -> StatusOr<port::Simulation> {
    ASSIGN_OR_RETURN(SimulationFacts facts,
                     Call<StatusOr<SimulationFacts>>([&]() -> StatusOr<SimulationFacts> {
                       const std::shared_ptr<const Rules>& rules = core_->registry().rules();
                       if (rules == nullptr) return FailedPrecondition("no rules are active");
                       ASSIGN_OR_RETURN(SimulatedPolicy read,
                                        ReadProposal(proposal, rules->documents));
                       // What is journaled or in memory only must be in blocks before another
                       // thread reads them, as for an export.
                       RETURN_IF_ERROR(core_->FoldThrough(journal_->last()));
                       const Time now = clock_.SystemNow();
                       RETURN_IF_ERROR(
                           core_->Checkpoint(ClockSound(now) ? now : core_->clock_floor()));
                       SimulationFacts gathered =
                           GatherSeries(std::move(read), core_->registry(), *vault_);
                       gathered.now = now;
                       return gathered;
                     }));
    facts.since = since;
    return Simulate(*vault_, facts, progress);
  };
  StatusOr<port::Simulation> result = run();
  simulating_ = false;
  return result;
}

}  // namespace gateway::pipeline
