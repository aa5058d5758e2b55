import time
from tests.faults.test_pop_fetch_faults import *
def test_try(ground):
    walk=begin(ground,"--delete")
    T={}
    def timed(name,f,*a,**k):
        t=time.time(); r=f(*a,**k); T.setdefault(name,[]).append(time.time()-t); return r
    g=ground
    for at in range(5,95,3):
        timed("restore",g.restore)
        timed("fault",g._runner.run,g._job,Fault(Mode.KILL_AFTER,at))
        o=timed("settle",g.settle)
        timed("local",lambda:list(g._local()))
        timed("remote",lambda:list(g._remote()))
        timed("state",lambda:list(g._state()))
        timed("resume",g._runner.run,g._job)
        timed("settle2",g.settle)
        timed("third",g._runner.run,g._job)
        timed("settle3",g.settle)
        timed("tree",g.tree)
    for k,v in T.items(): print(k, round(1000*sum(v)/len(v),1),"ms")
