package io.llm2clip.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileChoiceTest {
    private static List<String> chosen(FileChoice choice, String... files) {
        HubListing listing = new HubListing(
                HubName.parse("a/b"),
                TestHub.COMMIT,
                Arrays.stream(files)
                        .map(path -> new HubFile(path, 1, Optional.empty()))
                        .toList());
        return choice.of(listing).stream().map(HubFile::path).sorted().toList();
    }

    /** What is wanted is marked with a plus. */
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "LLM2CLIP of OpenAI, .gitattributes README.md CLIP.png +config.json configuration_clip.py modeling_clip.py +model.safetensors",
                "LLM2CLIP of EVA02, +config.json configuration_evaclip.py +LLM2CLIP-EVA02-L-14-336.pt pytorch_model.bin",
                "its text encoder, +config.json +model-00001-of-00002.safetensors +model-00002-of-00002.safetensors +model.safetensors.index.json +tokenizer.json +tokenizer_config.json +special_tokens_map.json modeling_llama_encoder.py",
                "Llama, LICENSE +config.json +generation_config.json +model.safetensors original/consolidated.00.pth original/params.json original/tokenizer.model +tokenizer.json",
                "Mistral, +config.json consolidated.safetensors +model-00001-of-00003.safetensors +model-00003-of-00003.safetensors +model.safetensors.index.json +tokenizer.model.v3.json +tokenizer.model params.yaml",
                "CLIP, +config.json flax_model.msgpack +merges.txt +model.safetensors +preprocessor_config.json pytorch_model.bin tf_model.h5 +vocab.json +tokenizer.json",
                "variants, +config.json +model.safetensors model.fp16.safetensors onnx/model.onnx onnx/config.json openvino/openvino_model.bin",
                "an old one, +config.json +pytorch_model-00001-of-00002.bin +pytorch_model-00002-of-00002.bin +pytorch_model.bin.index.json training_args.bin optimizer.pt rng_state.pth scheduler.pt",
                "both, +config.json +model.safetensors pytorch_model.bin pytorch_model.bin.index.json",
                "a LoRA, +adapter_config.json +adapter_model.safetensors adapter_model.bin +tokenizer.json checkpoint-100/adapter_model.safetensors checkpoint-100/adapter_config.json",
                "ours, .llm2clip-output.json +llm2clip.json +adapter.safetensors +text/config.json +text/caption.json +text/tokenizer.json +text/model.safetensors +vision/config.json +vision/model.safetensors",
                "OpenCLIP, +open_clip_config.json +open_clip_model.safetensors open_clip_pytorch_model.bin",
                "one GGUF, README.md +config.json +model-Q8_0.gguf",
                "GGUF beside, +config.json +model.safetensors model.gguf"
            })
    void aModelIsOneSetOfWeightsAndItsSettings(String what, String files) {
        String[] names = files.replace("+", "").split(" ");
        assertThat(chosen(FileChoice.DEFAULT, names))
                .as(what)
                .containsExactlyElementsOf(Arrays.stream(files.split(" "))
                        .filter(name -> name.startsWith("+"))
                        .map(name -> name.substring(1))
                        .sorted()
                        .toList());
    }

    @Test
    void severalQuantizationsAreTheUsersChoice() {
        assertThatThrownBy(() -> chosen(FileChoice.DEFAULT, "x-Q4_0.gguf", "x-Q8_0.gguf"))
                .isInstanceOf(HubException.class)
                .hasMessage(
                        "a/b: expected one file of weights, found 2 GGUF files: x-Q4_0.gguf, x-Q8_0.gguf; choose one with --include, such as --include 'x-Q4_0.gguf'.");
        assertThat(chosen(new FileChoice(List.of("*Q8_0*"), List.of()), "x-Q4_0.gguf", "x-Q8_0.gguf"))
                .containsExactly("x-Q8_0.gguf");
        assertThat(chosen(new FileChoice(List.of(), List.of("*Q8_0*")), "x-Q4_0.gguf", "x-Q8_0.gguf"))
                .containsExactly("x-Q4_0.gguf");
    }

    @Test
    void patternsChooseAnything() {
        String[] files = {"a.py", "b/c.py", "b/d.txt", "e[1].bin"};
        assertThat(chosen(new FileChoice(List.of("*.py"), List.of()), files)).containsExactly("a.py", "b/c.py");
        assertThat(chosen(new FileChoice(List.of("*"), List.of("b/")), files)).containsExactly("a.py", "e[1].bin");
        assertThat(chosen(new FileChoice(List.of("e[1].???"), List.of()), files))
                .containsExactly("e[1].bin");
        assertThatThrownBy(() -> chosen(new FileChoice(List.of("*.onnx"), List.of()), files))
                .hasMessage(
                        "a/b: expected files that match --include *.onnx, found none of a.py, b/c.py, b/d.txt, e[1].bin; correct the pattern.");
    }

    @Test
    void aRepositoryWithoutWeightsIsNoModel() {
        assertThatThrownBy(() -> chosen(FileChoice.DEFAULT, "README.md", "1", "2", "3", "4", "5", "6", "7"))
                .hasMessage(
                        "a/b: expected weights in files .safetensors, .bin, .pt or .gguf, found README.md, 1, 2, 3, 4, 5 and 2 more; choose files with --include, or another repository.");
        assertThatThrownBy(() -> chosen(FileChoice.DEFAULT)).hasMessageContaining(", found no files; ");
    }
}
