/// Options of other programs that no key stands for.
enum OtherAdvice {
  /// What to do instead.
  static func text(for plain: String, value: String?) -> String? {
    table.first { $0.options.contains(plain) }.map { $0.text(value) }
  }

  private static let table: [(options: Set<String>, text: @Sendable (String?) -> String)] = [
    (
      ["output", "outputdir", "outdir", "out", "o", "savedir", "logdir", "workdir", "exp", "expdir", "project", "dir"],
      { "where a run writes is given with --run-dir \($0 ?? "DIR"), or with --name NAME for runs/NAME" }
    ),
    (["runname", "expname", "experiment", "tag"], { "a run is named with --name \($0 ?? "NAME")" }),
    (
      ["resumefrom", "resumefromcheckpoint", "ckpt", "ckptpath", "load", "loadcheckpoint", "continue", "restore"],
      { "a run is continued with --resume \($0 ?? "latest"), and --run-dir DIR names it" }
    ),
    (
      ["n", "np", "nproc", "numprocs", "nprocpernode", "ranks", "worldsize", "nodes", "nnodes", "ntasks"],
      { "ranks are started by mpirun: mpirun -n \($0 ?? "4") cnn-dist train" }
    ),
    (
      ["device", "gpu", "gpus", "cuda", "usegpu", "cpu", "nocuda", "accelerator", "mps", "ngpu", "devices"],
      { _ in "it computes on CPUs alone, so leave it out; the key for the threads of a rank is lanes: --set lanes=auto"
      }
    ),
    (
      ["amp", "fp16", "bf16", "mixedprecision", "precision", "half"],
      { _ in "it computes in float32 alone, so leave it out" }
    ),
    (
      ["config", "cfg", "c", "configfile"],
      { "a configuration is named without an option: cnn-dist train \($0 ?? "my.yaml")" }
    ),
    (
      ["eval", "evaluate", "test", "validate", "evalonly", "testonly"],
      { _ in "a checkpoint is scored with: cnn-dist evaluate --checkpoint DIR" }
    ),
    (
      ["verbose", "v", "progress", "noprogress", "silent"],
      { _ in "it shows progress by itself; --quiet prints only notes and the last line" }
    ),
    (
      ["distributed", "ddp", "localrank", "rank", "distbackend", "disturl", "backend", "multiprocessingdistributed"],
      { _ in "leave it out: under mpirun all ranks find each other by themselves" }
    ),
    (
      ["dropout", "droprate", "activation", "numlayers", "hiddensize", "layers"],
      { _ in
        "layers are part of the model: cnn-dist models NAME --yaml > my-model.yaml writes one to change, for --set "
          + "'model={file: my-model.yaml}'"
      }
    ),
  ]
}
