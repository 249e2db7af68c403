package io.llm2clip.conversion;

import io.llm2clip.nn.RoundingError;
import io.llm2clip.nn.Saving;
import io.llm2clip.progress.Progress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Collects what rounding changes while files are written, and says how far they are. */
final class Roundings implements Saving.Listener {
    private final Progress.Phase phase;
    private final Map<String, RoundingError> errors = new LinkedHashMap<>();

    /** @param phase that counts bytes */
    Roundings(Progress.Phase phase) {
        this.phase = phase;
    }

    @Override
    public void written(long bytes) {
        phase.advance(bytes);
    }

    @Override
    public synchronized void rounded(String tensor, RoundingError error) {
        errors.merge(tensor, error, RoundingError::plus);
    }

    synchronized List<RoundedTensor> tensors() {
        List<RoundedTensor> tensors = new ArrayList<>();
        errors.forEach((name, error) -> tensors.add(new RoundedTensor(name, error)));
        return List.copyOf(tensors);
    }
}
