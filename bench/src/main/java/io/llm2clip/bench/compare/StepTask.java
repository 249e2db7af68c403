package io.llm2clip.bench.compare;

import io.llm2clip.bench.HashWeights;
import io.llm2clip.bench.StageLosses;
import io.llm2clip.model.CaptionTensors;
import io.llm2clip.model.Llama;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.TrainStep;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.Pooling;
import java.util.List;
import java.util.function.Function;

/**
 * A training step with AdamW: of a vision tower with the contrastive loss against fixed text vectors (stage 2 without its adapter),
 * or of low-rank updates of a language model with that of pairs of captions (stage 1). What is compared are losses, of which later
 * ones depend on the updates.
 */
final class StepTask implements Task {
    static final int COMPARED = 2;

    private final List<Parameters> owners;
    private final List<TensorData> inputs;
    private final AdamW optimizer;
    private final TrainStep step;
    private final float rate;

    private StepTask(
            List<Parameters> owners,
            List<Parameter> trained,
            Function<List<Tensor>, Tensor> loss,
            List<TensorData> inputs,
            float rate,
            Execution execution) {
        this.owners = owners;
        this.inputs = inputs;
        this.rate = rate;
        optimizer = new AdamW(ParameterGroups.of(trained, 0), AdamW.Options.DEFAULT, execution.device());
        step = TrainStep.compile(loss, TrainStep.inputsLike(inputs), optimizer, execution.options());
    }

    static StepTask images(Request request, Execution execution) {
        Parameters owner = Parameters.trained();
        VisionTower vision = OwnModels.vision(request, owner);
        VisionConfig config = vision.config();
        int batch = request.number("batch");
        return new StepTask(
                List.of(owner),
                vision.parameters(),
                StageLosses.images(vision),
                List.of(
                        HashWeights.tensor("pixels", Shape.of(batch, 3, config.imageSize(), config.imageSize())),
                        HashWeights.tensor("texts", Shape.of(batch, config.projectionSize()))),
                Float.parseFloat(request.text("rate")),
                execution);
    }

    static StepTask captions(Request request, Execution execution) {
        Parameters owner = Parameters.frozen();
        Parameters updates = Parameters.trained();
        Llama llama = OwnModels.llama(request, owner);
        llama.attachLora(updates, StageLosses.LORA);
        HashWeights.fill(updates.all());
        int captions = request.number("captions");
        return new StepTask(
                List.of(owner, updates),
                llama.loraParameters(),
                StageLosses.captions(llama, captions),
                CaptionTensors.of(OwnModels.batch(request, captions, llama), Pooling.MEAN),
                Float.parseFloat(request.text("rate")),
                execution);
    }

    @Override
    public void run() {
        step.run(inputs, rate);
    }

    @Override
    public float[] output() {
        float[] losses = new float[COMPARED];
        for (int i = 0; i < COMPARED; i++) {
            losses[i] = step.run(inputs, rate);
        }
        return losses;
    }

    @Override
    public long flops() {
        return step.flops();
    }

    @Override
    public String explain() {
        return step.explain();
    }

    @Override
    public void close() {
        step.close();
        optimizer.close();
        owners.forEach(Parameters::close);
    }
}
