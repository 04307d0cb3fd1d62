"""One thread, as in the commands: tensors of tests are small, a second thread costs more than it gives."""

import torch

torch.set_num_threads(1)
