package io.llm2clip.evaluation.suite;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.InputException;
import io.llm2clip.progress.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Suites that are being measured. One whose data turns out to be unusable does not stop the others. */
public final class SuiteTrials implements AutoCloseable {
    private final List<Entry> entries = new ArrayList<>();
    private final int models;
    private int added;

    private static final class Entry {
        private final SuiteRun.Planned plan;
        private final Trial trial;
        private Optional<Measurement> failed = Optional.empty();

        Entry(SuiteRun.Planned plan, Trial trial) {
            this.plan = plan;
            this.trial = trial;
        }

        SuiteResult result(Findings findings) {
            return new SuiteResult(plan.suite(), plan.folder(), findings);
        }
    }

    SuiteTrials(List<SuiteRun.Planned> planned, int models) {
        this.models = models;
        // Vectors of a suite are freed when its last model is done.
        int open = models == 1 ? 1 : planned.size();
        planned.forEach(each -> entries.add(new Entry(each, each.task().begin(open))));
    }

    /**
     * Measures a model, one suite after another.
     *
     * @param name of the model, for people
     * @param results hears of each when its last model is done
     */
    public void add(String name, Llm2Clip model, Progress progress, Consumer<SuiteResult> results) {
        added++;
        for (Entry entry : entries) {
            Optional<Findings> findings =
                    added == 1 ? first(entry, name, model, progress) : second(entry, name, model, progress);
            findings.ifPresent(found -> {
                entry.trial.close();
                results.accept(entry.result(found));
            });
        }
    }

    private Optional<Findings> first(Entry entry, String name, Llm2Clip model, Progress progress) {
        try {
            entry.trial.add(name, model, progress);
            return models == 1 ? Optional.of(entry.trial.findings()) : Optional.empty();
        } catch (InputException e) {
            entry.failed = Optional.of(new Measurement.Failed(e.getMessage()));
            return models == 1 ? entry.failed.map(Findings::of) : Optional.empty();
        }
    }

    private static Optional<Findings> second(Entry entry, String name, Llm2Clip model, Progress progress) {
        if (entry.failed.isPresent()) {
            return entry.failed.map(Findings::of);
        }
        try {
            entry.trial.add(name, model, progress);
        } catch (InputException e) {
            return Optional.of(counted(entry).without(name, e.getMessage()));
        }
        return Optional.of(counted(entry));
    }

    private static Findings counted(Entry entry) {
        try {
            return entry.trial.findings();
        } catch (InputException e) {
            return Findings.of(new Measurement.Failed(e.getMessage()));
        }
    }

    @Override
    public void close() {
        entries.forEach(entry -> entry.trial.close());
    }
}
