package io.llm2clip.bench.compare;

import java.util.List;
import java.util.stream.Stream;

/**
 * Work that is compared.
 *
 * @param name for {@code --only}
 * @param title for people
 * @param work what is done
 * @param subject this engine
 * @param rivals what it is compared with: the best of them counts
 * @param goal the ratio that is wanted, of the best rival's time to the subject's
 * @param manner how it is measured
 * @param threads that each entrant uses; 0 for those of the run
 */
record Row(
        String name,
        String title,
        Request work,
        Entrant subject,
        List<Entrant> rivals,
        double goal,
        Manner manner,
        int threads) {

    /** How a row is measured. */
    enum Manner {
        /** Warm, an engine's entrants sharing a process and so its weights. */
        SHARED,
        /** Warm, a process for each entrant, whose memory then counts. */
        APART,
        /** A fresh process for each run, from its start to its output, with weights from a file. */
        FRESH
    }

    Row {
        rivals = List.copyOf(rivals);
    }

    List<Entrant> entrants() {
        return Stream.concat(Stream.of(subject), rivals.stream()).toList();
    }

    /** The same of this engine in another precision, which its name has then, against the same rivals. */
    Row with(Entrant other) {
        String precision = other.precision();
        return new Row(name + "-" + precision, title + ", " + precision, work, other, rivals, goal, manner, threads);
    }

    /** The same with threads. */
    Row withThreads(int count) {
        return new Row(name, title, work, subject, rivals, goal, manner, count);
    }
}
